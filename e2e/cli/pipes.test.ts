import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SUMS, sumRows, writeModule } from "./modules.ts";
import { millrace, parseRows, reportOf, signalAt, temporaryFolder } from "./support.ts";

interface Sum {
  readonly key: string;
  readonly sum: number;
  readonly count: number;
}

test("standard input to standard output, and nothing else on standard output", async (t) => {
  const file = writeModule(temporaryFolder(t), SUMS);
  const { code, stdout, stderr } = await millrace(["run", file, "--in", "numbers=-", "--out", "totals=-"], { input: sumRows(20, 90) });
  assert.equal(code, 0, stderr);
  const rows = parseRows<Sum>(stdout);
  assert.deepEqual(rows.map(({ key }) => key), ["k0", "k1", "k2", "k3", "k4", "k5", "k6"]);
  assert.equal(rows.reduce((total, { sum }) => total + sum, 0), (20 + 89) * 35);
  assert.match(stderr, /^summing: 70 atoms in /);
  assert.ok(!stderr.includes("\r") && !stderr.includes("\u001B"), "there is a progress bar in a pipe");
});

test("compressed standard input is read as such, CSV where it is said", async (t) => {
  const file = writeModule(temporaryFolder(t), SUMS);
  const csv = "key,at,value\na,1000,2\na,2000,3\n";
  const { code, stdout, stderr } = await millrace(["run", file, "--in", "numbers=-", "--format", "csv", "--out", "totals=-"], { input: gzipSync(csv) });
  assert.equal(code, 0, stderr);
  assert.deepEqual(parseRows(stdout), [{ key: "a", sum: 5, count: 2 }]);
});

test("the report is the last line, after the results", async (t) => {
  const file = writeModule(temporaryFolder(t), SUMS);
  const ended = await millrace(["run", file, "--in", "numbers=-", "--out", "totals=-", "--report", "json"], { input: sumRows(20, 90) });
  assert.equal(ended.code, 0);
  assert.equal(ended.stderr, "");
  const report = reportOf(ended);
  assert.deepEqual([report.outcome, report.atomsIn, report.late, report.dead, report.resumed, report.rows], ["done", 70, 0, 0, false, { totals: 7 }]);
  assert.ok(report.seconds > 0 && report.atomsPerSecond > 0 && report.peakMemoryBytes > 1e7 && report.startToFirstResultMs > 0);
});

test("a glob of files is read in name order; results are compressed by name", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  writeFileSync(join(folder, "in-2.ndjson"), sumRows(50, 90));
  writeFileSync(join(folder, "in-1.ndjson.gz"), gzipSync(sumRows(20, 50)));
  const out = join(folder, "sums.ndjson.gz");
  const ended = await millrace(["run", file, "--in", "numbers=in-*.ndjson*", "--out", `sums=${out}`, "--report", "json"], { cwd: folder });
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual([reportOf(ended).atomsIn, reportOf(ended).late], [70, 0]);
  assert.deepEqual([...readFileSync(out).subarray(0, 2)], [0x1f, 0x8b]);
});

test("a failed run leaves the results of an earlier one as they were", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  const out = join(folder, "totals.ndjson");
  writeFileSync(out, "earlier\n");
  const ended = await millrace(["run", file, "--in", "numbers=-", "--out", `totals=${out}`, "--max-errors", "0"], { input: `${sumRows(20, 90)}no row\n` });
  assert.equal(ended.code, 1);
  assert.equal(readFileSync(out, "utf8"), "earlier\n");
});

test("a reader that has seen enough ends the command without an error", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, 'import { topic, workflow } from "millrace";\nexport const copy = workflow("copy", (flow) => flow.from(topic("words")).to(topic("out")));\n');
  mkdirSync(join(folder, "tmp"));
  writeFileSync(join(folder, "words.ndjson"), `${JSON.stringify({ text: "x".repeat(100) })}\n`.repeat(50_000));
  const { code, stderr } = await millrace(["run", file, "--in", "words=words.ndjson"], { cwd: folder, env: { TMPDIR: join(folder, "tmp") }, during: (child) => child.stdout?.once("data", () => child.stdout?.destroy()) });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /EPIPE/);
  assert.deepEqual(readdirSync(join(folder, "tmp")), []);
});

test("standard input that begins otherwise than before is refused, the same goes on, and a finished run is not another's", { timeout: 120_000 }, async (t) => {
  const out = temporaryFolder(t);
  const file = writeModule(out, SUMS);
  const data = join(out, "data");
  const args = ["run", file, "--in", "numbers=-", "--out", "totals=-", "--data", data, "--report", "json"];
  const rows = sumRows(0, 400_000);
  const whole = await millrace(["run", file, "--in", "numbers=-", "--out", "totals=-"], { input: rows });
  // Killed before its input ends, with something committed: an empty folder takes less than 2000 bytes.
  const killed = await millrace(args, {
    during: (child) => {
      child.stdin?.write(rows);
      signalAt(data, 2000, "SIGKILL")(child);
    },
  });
  assert.equal(killed.signal, "SIGKILL");
  const other = await millrace(args, { input: sumRows(7, 60_000) });
  assert.equal(other.code, 1);
  assert.match(other.stderr, /standard input: its first \d+ bytes are not those with which the run was begun/);
  const shorter = await millrace(args, { input: sumRows(0, 1) });
  assert.equal(shorter.code, 1, "too short to be the same");
  const same = await millrace(args, { input: rows });
  assert.equal(same.code, 0, same.stderr);
  assert.deepEqual(same.stdout.split("\n").slice(0, 7), whole.stdout.split("\n").slice(0, 7));
  const again = await millrace(args, { input: sumRows(7, 60_000) });
  assert.equal(again.code, 1, "the finished run's results are not those of other input");
});
