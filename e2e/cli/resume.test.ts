import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { aarhus, millrace, reportOf, temporaryFolder, type Ended } from "./support.ts";

/** A made-up week in the columns of the city's feed, long enough to be interrupted. */
const ROWS = 500_000;
const NAMES = ["ranking", "busy", "busyExact"];
let folder = "";
let input = "";
let undisturbed: readonly Buffer[] = [];
/** How long an undisturbed run takes, ms. */
let length = 0;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  input = join(folder, "week.csv");
  writeFileSync(input, madeUpWeek());
  const begun = performance.now();
  const ended = await runWeek(folder, ["--report", "json"]);
  length = performance.now() - begun;
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(reportOf(ended).atomsIn, ROWS);
  undisturbed = results(folder);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("interrupted by SIGINT it says how to go on; resumed, it gives the same bytes", async (t) => {
  const out = temporaryFolder(t);
  const stopped = await runWeek(out, ["--data", join(out, "data")], { signal: "SIGINT", after: length / 2 });
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /Stopped by SIGINT after a commit; nothing was written yet\. Run the same command again to go on from there\./);
  const resumed = await runWeek(out, ["--data", join(out, "data"), "--report", "json"]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(reportOf(resumed).resumed, true);
  assert.ok(reportOf(resumed).atomsIn < ROWS, "it began anew");
  assert.deepEqual(results(out), undisturbed);
});

test("killed again and again, it gives the same bytes; run once more, it reads nothing again", async (t) => {
  const out = temporaryFolder(t);
  const data = ["--data", join(out, "data"), "--report", "json"];
  let kills = 0;
  for (let tried = 0; tried < 6; tried++) {
    const { signal } = await runWeek(out, data, { signal: "SIGKILL", after: length * (0.3 + 0.1 * tried) });
    if (signal !== "SIGKILL") break;
    kills++;
  }
  assert.ok(kills >= 2, `it was killed ${kills} times only`);
  const ended = await runWeek(out, data);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(results(out), undisturbed);
  const again = await runWeek(out, data);
  assert.deepEqual([again.code, reportOf(again).atomsIn, reportOf(again).resumed], [0, 0, true]);
  assert.deepEqual(results(out), undisturbed);
});

test("SIGTERM stops it with the code that shells expect, and without --data it says what would have helped", async (t) => {
  const out = temporaryFolder(t);
  const stopped = await runWeek(out, [], { signal: "SIGTERM", after: length / 2 });
  assert.equal(stopped.code, 143, stopped.stderr);
  assert.match(stopped.stderr, /Stopped by SIGTERM before the end; nothing was written\. With --data DIR/);
});

test("a data folder of another input or workflow is refused, and a running one is locked", async (t) => {
  const out = temporaryFolder(t);
  const data = join(out, "data");
  const small = join(out, "small.csv");
  const rows = madeUpWeek(1000);
  writeFileSync(small, rows);
  const run = (path: string) => millrace(["run", aarhus, "--in", `observations=${path}`, "--out", `ranking=${join(out, "r.ndjson")}`, "--data", data]);
  assert.equal((await run(small)).code, 0);
  const other = await run(input);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /its topic observations was read from .*small\.csv \([\d,]+ bytes\), not from .*week\.csv .*take another folder/);
  writeFileSync(small, `${rows}${rows.trimEnd().split("\n").at(-1)}\n`);
  assert.match((await run(small)).stderr, /\(([\d,]+) bytes\), not from .*small\.csv \((?!\1)[\d,]+ bytes\)/);
  writeFileSync(small, rows.replace("OK", "KO"));
  assert.match((await run(small)).stderr, /small\.csv \([\d,]+ bytes\), whose content has changed since/);
  const file = join(out, "other.mjs");
  writeFileSync(file, `import { topic, workflow } from ${JSON.stringify(import.meta.resolve("millrace"))};\nexport const other = workflow("other", (flow) => flow.from(topic("observations")).to(topic("copy")));\n`);
  const another = await millrace(["run", file, "--in", `observations=${small}`, "--data", data]);
  assert.match(another.stderr, /it holds a run of aarhus, not of other/);

  let looked: Promise<Ended> | undefined;
  const busy = join(out, "busy");
  await millrace(["run", aarhus, "--in", "observations=-", "--format", "csv", "--data", busy], {
    during: (child) => {
      child.stdin?.write(rows);
      setTimeout(() => {
        looked = millrace(["topics", "list", "--data", busy]);
        void looked.finally(() => child.stdin?.end());
      }, 1500);
    },
  });
  const { code, stderr } = (await looked) as Ended;
  assert.equal(code, 1);
  assert.match(stderr, /process \d+ has it open\. Stop that one first.*\[MILLRACE_STORE_LOCKED\]/);
});

function runWeek(out: string, options: readonly string[], kill?: { readonly signal: NodeJS.Signals; readonly after: number }): Promise<Ended> {
  const outputs = NAMES.flatMap((name) => ["--out", `${name}=${join(out, `${name}.ndjson`)}`]);
  return millrace(["run", aarhus, "--in", `observations=${input}`, ...outputs, ...options], {
    input: "",
    during: (child) => {
      if (kill === undefined) return;
      const timer = setTimeout(() => child.kill(kill.signal), kill.after);
      child.once("exit", () => clearTimeout(timer));
    },
  });
}

function results(out: string): readonly Buffer[] {
  return NAMES.map((name) => readFileSync(join(out, `${name}.ndjson`)));
}

function madeUpWeek(rows = ROWS): string {
  const lines = ["status,avgSpeed,TIMESTAMP,vehicleCount,_id,REPORT_ID"];
  const begin = Date.UTC(2024, 0, 1);
  for (let i = 0; i < rows; i++) {
    const detector = i % 449;
    const time = begin + Math.floor(i / 449) * 300_000 - (i % 97 === 0 ? 300_000 : 0);
    lines.push(`OK,${30 + ((i * 7919) % 101)},${new Date(time).toISOString().slice(0, 19)},${(i * 31) % 17},${i},${150_000 + detector}`);
  }
  return `${lines.join("\n")}\n`;
}
