import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeModule } from "./modules.ts";
import { aarhus, bytesOf, millrace, parseRows, reportOf, signalAt, temporaryFolder, type Ended } from "./support.ts";
import { madeUpWeek } from "./traffic-made-up.ts";

const ROWS = 400_000;
const NAMES = ["ranking", "busy", "busyExact"];
let folder = "";
let input = "";
let undisturbed: readonly Buffer[] = [];
/** Bytes of the data folder of an undisturbed run. */
let wholeBytes = 0;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  input = join(folder, "week.csv");
  writeFileSync(input, madeUpWeek(ROWS));
  const ended = await runWeek(folder, ["--report", "json"]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(reportOf(ended).atomsIn, ROWS);
  undisturbed = results(folder);
  wholeBytes = bytesOf(join(folder, "data"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("interrupted by SIGINT it says how to go on; resumed, it gives the same bytes", async (t) => {
  const out = temporaryFolder(t);
  const stopped = await runWeek(out, [], { signal: "SIGINT", share: 0.4 });
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /Stopped by SIGINT after a commit; nothing was written yet\. Run the same command again to go on from there\./);
  const resumed = await runWeek(out, ["--report", "json"]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(reportOf(resumed).resumed, true);
  assert.ok(reportOf(resumed).atomsIn < ROWS, "it began anew");
  assert.deepEqual(results(out), undisturbed);
});

test("killed again and again, it gives the same bytes; run once more, it reads nothing again", async (t) => {
  const out = temporaryFolder(t);
  for (const share of [0.2, 0.4, 0.6]) {
    const { signal } = await runWeek(out, [], { signal: "SIGKILL", share });
    assert.equal(signal, "SIGKILL");
  }
  const ended = await runWeek(out, ["--report", "json"]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(results(out), undisturbed);
  const again = await runWeek(out, ["--report", "json"]);
  assert.deepEqual([again.code, reportOf(again).atomsIn, reportOf(again).resumed], [0, 0, true]);
  assert.deepEqual(results(out), undisturbed);
});

test("killed with two instances, it goes on with one and gives the same bytes", async (t) => {
  const out = temporaryFolder(t);
  const killed = await runWeek(out, ["--instances", "2"], { signal: "SIGKILL", share: 0.4 });
  assert.equal(killed.signal, "SIGKILL");
  const ended = await runWeek(out, ["--report", "json"]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(reportOf(ended).resumed, true);
  assert.deepEqual(results(out), undisturbed);
});

test("an endless source runs until it is stopped, and goes on from there", async (t) => {
  const out = temporaryFolder(t);
  const file = writeModule(out, TICKS);
  const data = join(out, "data");
  for (let runs = 0; runs < 2; runs++) {
    const { code, stderr } = await millrace(["run", file, "--data", data], { during: signalAt(data, bytesOf(data) + 4096, "SIGINT") });
    assert.equal(code, 130, stderr);
  }
  const { stdout } = await millrace(["topics", "tail", "copied", "-n", "1000000", "--data", data]);
  const seen = parseRows<{ index: number }>(stdout).map(({ index }) => index);
  assert.ok(seen.length > 10, `${seen.length} atoms in two runs`);
  assert.deepEqual(seen, Array.from(seen, (_, i) => i));
});

test("without --data a stopped run leaves nothing behind, and says what would have helped", async (t) => {
  const out = temporaryFolder(t);
  const temporary = temporaryFolder(t);
  const { code, stderr } = await millrace(["run", writeModule(out, TICKS)], { env: { TMPDIR: temporary }, during: signalAt(temporary, 4096, "SIGTERM") });
  assert.equal(code, 143, stderr);
  assert.match(stderr, /Stopped by SIGTERM before the end; nothing was written\. With --data DIR/);
  assert.deepEqual(readdirSync(temporary), []);
});

test("while a process runs in a data folder, nobody else opens it", async (t) => {
  const out = temporaryFolder(t);
  const data = join(out, "data");
  let looked: Promise<Ended> | undefined;
  await millrace(["run", writeModule(out, TICKS), "--data", data], {
    during: (child) => {
      const timer = setInterval(() => {
        if (bytesOf(data) < 4096) return;
        clearInterval(timer);
        looked = millrace(["topics", "list", "--data", data]);
        void looked.finally(() => child.kill("SIGINT"));
      }, 20);
    },
  });
  const { code, stderr } = (await looked) as Ended;
  assert.equal(code, 1);
  assert.match(stderr, /process \d+ has it open\. Stop that one first.*\[MILLRACE_STORE_LOCKED\]/);
});

const TICKS = `
import { generator, topic, workflow } from "millrace";
export const sources = { ticks: generator({ chunk: (index) => [{ index }], rate: 500 }) };
export const copy = workflow("copy", (flow) => flow.from(topic("ticks")).to(topic("copied")));
`;

/** Runs the made-up week in \`out\`/data; with \`kill\`, until the folder has that share of its final size. */
function runWeek(out: string, options: readonly string[], kill?: { readonly signal: NodeJS.Signals; readonly share: number }): Promise<Ended> {
  const data = join(out, "data");
  const outputs = NAMES.flatMap((name) => ["--out", `${name}=${join(out, `${name}.ndjson`)}`]);
  const during = kill === undefined ? {} : { during: signalAt(data, wholeBytes * kill.share, kill.signal) };
  return millrace(["run", aarhus, "--in", `observations=${input}`, "--data", data, ...outputs, ...options], during);
}

function results(out: string): readonly Buffer[] {
  return NAMES.map((name) => readFileSync(join(out, `${name}.ndjson`)));
}
