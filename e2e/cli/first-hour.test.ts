import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { SUMS, sumRows, writeModule } from "./modules.ts";
import { millrace, parseRows, readRows, reportOf, run as runProgram, temporaryFolder, type Ended } from "./support.ts";

/** Mistakes of a first hour, and what the command says to them. */

interface Sums {
  readonly folder: string;
  run(...args: string[]): Promise<Ended>;
  write(name: string, text: string): void;
}

function sums(t: TestContext): Sums {
  const folder = temporaryFolder(t);
  writeModule(folder, SUMS);
  return {
    folder,
    run: (...args) => millrace(["run", "workflow.ts", ...args], { cwd: folder }),
    write: (name, text) => writeFileSync(join(folder, name), text),
  };
}

test("files that overlap in time: late as one split with a hint, whole as a split each", async (t) => {
  const { run, write, folder } = sums(t);
  for (const name of ["a", "b"]) write(`${name}.ndjson`, sumRows(20, 20_020));
  const chained = await run("--in", "numbers=*.ndjson", "--out", "sums=sums.out");
  assert.match(chained.stderr, /17,980 atoms came too late for their windows\. The files of numbers are read one after the other, in name order: where they overlap in time, give --splits file\./);
  for (const extra of [[], ["--instances", "2"]]) {
    const apart = await run("--in", "numbers=*.ndjson", "--out", "sums=sums.out", "--splits", "file", "--report", "json", ...extra);
    assert.deepEqual([reportOf(apart).atomsIn, reportOf(apart).late], [40_000, 0], apart.stderr);
    const counted = readRows<{ count: number }>(join(folder, "sums.out")).reduce((all, { count }) => all + count, 0);
    assert.equal(counted, 40_000);
  }
});

test("a module's sources may say how files are read", async (t) => {
  const folder = temporaryFolder(t);
  writeModule(folder, `${SUMS}\nexport const sources = { numbers: { path: "*.log", format: "ndjson", splits: "file" } };\n`);
  for (const name of ["a", "b"]) writeFileSync(join(folder, `${name}.log`), sumRows(20, 5_020));
  const { stdout, stderr } = await millrace(["run", join(folder, "workflow.ts"), "--out", `sums=${join(folder, "s")}.ndjson`, "--report", "json"]);
  assert.deepEqual([reportOf({ stdout, stderr, code: 0, signal: null }).atomsIn, reportOf({ stdout, stderr, code: 0, signal: null }).late], [10_000, 0]);
});

test("--max-late ends a run after too many, with the remedy", async (t) => {
  const { run, write } = sums(t);
  for (const name of ["a", "b"]) write(`${name}.ndjson`, sumRows(20, 20_020));
  const { code, stderr } = await run("--in", "numbers=*.ndjson", "--max-late", "100");
  assert.equal(code, 1);
  assert.match(stderr, /atoms came too late for their windows, more than --max-late 100 allows\.[^]*--splits file[^]*Allow|\[MILLRACE_TOO_MANY_ERRORS\]/);
  assert.equal((await run("--in", "numbers=a.ndjson", "--max-late", "0")).code, 0);
});

test("where all atoms are refused, the run fails, and says what the input looks like", async (t) => {
  const { run, write } = sums(t);
  write("rows.csv", "key,value,at\na,1,0\n");
  const asJson = await run("--in", "numbers=rows.csv", "--format", "ndjson");
  assert.equal(asJson.code, 1);
  assert.match(asJson.stderr, /WARNING: all of the atoms were refused \(2 of 2 atoms\)\.\n.*looks like CSV; read it with --format csv/);
  write("array.ndjson", `[${sumRows(0, 2).trim().replace("\n", ",")}]\n`);
  const array = await run("--in", "numbers=array.ndjson", "--report", "json");
  assert.equal(array.code, 1);
  assert.match(array.stdout, /"hints":\["WARNING: all .*one JSON array/);
  write("mixed.ndjson", `${sumRows(0, 2)}x\ny\nz\n`);
  const most = await run("--in", "numbers=mixed.ndjson");
  assert.equal(most.code, 0);
  assert.match(most.stderr, /WARNING: more than half of the atoms were refused \(3 of 5 atoms\)/);
});

test("atoms whose time cannot be told are counted once, and say what `time` gave", async (t) => {
  const folder = temporaryFolder(t);
  writeModule(folder, SUMS.replace("(n) => n.at", "(n) => n.when").replace("schema: fields", "retention: undefined, schema: undefined && fields"));
  writeFileSync(join(folder, "numbers.ndjson"), sumRows(0, 5));
  const { code, stderr } = await millrace(["run", "workflow.ts", "--in", "numbers=numbers.ndjson"], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /its time, undefined, is not a time: epoch milliseconds, a Date or ISO 8601 text; check `time` of from\(numbers\)/);
  assert.match(stderr, /all of the atoms were refused \(5 of 5 atoms\)/);
});

test("files whose format is another than their name says are refused with what they look like", async (t) => {
  const { run, write } = sums(t);
  write("rows.json", `[${sumRows(0, 1).trim()}]`);
  assert.match((await run("--in", "numbers=rows.json")).stderr, /rows\.json: its name does not tell .*--format.*jq -c '\.\[\]'/);
  write("json.csv", sumRows(0, 2));
  assert.match((await run("--in", "numbers=json.csv")).stderr, /json\.csv: .*looks like NDJSON: .*--format/);
});

test("CSV with another delimiter: told, and read with --delimiter", async (t) => {
  const { run, write } = sums(t);
  for (const [name, given, said] of [[";", ";", /divided by ";": .*--delimiter/], ["\t", "tab", /divided by tabs: .*--delimiter/]] as const) {
    write("rows.csv", ["key", "value", "at"].join(name) + "\n" + ["a", "2", "3600000"].join(name) + "\n");
    const refused = await run("--in", "numbers=rows.csv");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, said);
    const read = await run("--in", "numbers=rows.csv", "--delimiter", given, "--out", "totals=-");
    assert.deepEqual(parseRows(read.stdout), [{ key: "a", sum: 2, count: 1 }], read.stderr);
  }
  assert.equal((await run("--in", "numbers=rows.csv", "--delimiter", "::")).code, 2);
});

test("results are not written over an input, nor where a glob would read them the next time", async (t) => {
  const { run, write } = sums(t);
  write("a.ndjson", sumRows(20, 30));
  for (const out of ["a.ndjson", "sums.ndjson"]) {
    const { code, stderr } = await run("--in", "numbers=*.ndjson", "--out", `sums=${out}`);
    assert.equal(code, 2);
    assert.ok(stderr.includes(`--out sums: ${out} is among the input of numbers (*.ndjson); write it elsewhere`), stderr);
  }
});

test("event times in seconds are noticed", async (t) => {
  const { run, write } = sums(t);
  write("seconds.ndjson", '{"key":"a","value":1,"at":1714982460}\n');
  assert.match((await run("--in", "numbers=seconds.ndjson")).stderr, /January 1970: event times look like seconds .*\* 1000/);
  write("made.ndjson", sumRows(14, 20));
  assert.doesNotMatch((await run("--in", "numbers=made.ndjson")).stderr, /1970/);
});

test("results go to standard output unless an --out names one of them; dead letters are no results", async (t) => {
  const { run, write, folder } = sums(t);
  write("rows.ndjson", `no row\n${sumRows(14, 15)}`);
  const totals = { key: "k0", sum: 14, count: 1 };
  const all = await run("--in", "numbers=rows.ndjson", "--out", "numbers.dead=dead.ndjson");
  assert.deepEqual(parseRows(all.stdout), [{ sums: { window: { start: 0, end: 3_600_000 }, ...totals } }, { totals }]);
  assert.equal(readRows(join(folder, "dead.ndjson")).length, 1);
  const one = await run("--in", "numbers=rows.ndjson", "--out", "totals=-");
  assert.deepEqual(parseRows(one.stdout), [totals]);
  assert.match(one.stderr, /not written: sums; --out sums=FILE writes them too/);
  const none = await run("--in", "numbers=rows.ndjson", "--out", "totals=totals.ndjson");
  assert.equal(none.stdout, "");
});

test("places in files are told as lines", async (t) => {
  const { run, write, folder } = sums(t);
  write("rows.ndjson", `${sumRows(20, 60_020)}no row\n`);
  const { stderr } = await run("--in", "numbers=rows.ndjson", "--out", "totals=totals.ndjson", "--data", "data");
  assert.match(stderr, /The first in numbers, at .*rows\.ndjson:60001: not JSON/);
  const listed = await millrace(["dead", "list", "numbers", "--data", "data"], { cwd: folder });
  assert.equal(parseRows<{ line: number }>(listed.stdout)[0]?.line, 60_001);
});

test("dead list: the raw rows, and topics that are not there", async (t) => {
  const { run, write, folder } = sums(t);
  write("rows.ndjson", `no row\n${sumRows(12, 15)}{"key":\n`);
  await run("--in", "numbers=rows.ndjson", "--data", "data", "--out", "totals=totals.ndjson");
  const raw = await millrace(["dead", "list", "numbers", "--raw", "--data", "data"], { cwd: folder });
  assert.deepEqual(raw.stdout.trimEnd().split("\n").sort(), ['{"key":', "no row", '{"key":"k6","value":13,"at":13000}'].sort());
  for (const command of ["list", "replay"]) {
    const misspelt = await millrace(["dead", command, "number", "--data", "data"], { cwd: folder });
    assert.equal(misspelt.code, 1);
    assert.match(misspelt.stderr, /topic number: the data folder .* has none of this name; its topics are: numbers, sums/);
  }
  assert.match(readFileSync(join(folder, "totals.ndjson"), "utf8"), /"sum":12/);
});

test("dead replay says what it did and what happens next", async (t) => {
  const folder = temporaryFolder(t);
  const text = SUMS.replace('"millrace"', JSON.stringify(import.meta.resolve("millrace")));
  writeModule(folder, text);
  const program = `import { start } from ${JSON.stringify(import.meta.resolve("millrace"))};
import { summing } from "./workflow.ts";
const app = await start(summing, { data: "data" });
await app.topic({ kind: "topic", name: "numbers", schema: undefined, partitions: 1, key: undefined }).append([13, 13].map((value) => ({ key: "a", value, at: 0 })));
while ((await app.metrics()).dead < 2) await new Promise(setImmediate);
await app.stop();
`;
  writeFileSync(join(folder, "fill.ts"), program);
  const filled = await runProgram(process.execPath, ["--conditions=millrace-source", "fill.ts"], { cwd: folder });
  assert.equal(filled.code, 0, filled.stderr);
  const replay = (...numbers: string[]) => millrace(["dead", "replay", "numbers", ...numbers, "--data", "data"], { cwd: folder });
  const first = await replay("1");
  assert.match(first.stderr, /numbers: 1 dead letter appended to it again; the next run or start in .*data reads it\./);
  assert.equal(first.code, 0);
  const rest = await replay();
  assert.match(rest.stderr, /1 dead letter appended to it again[^]*1 letter was left out, replayed before/);
  const unknown = await replay("9");
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /there is no letter 9/);
  assert.equal((await replay("x")).code, 2);
});
