import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SUMS, sumRows, writeModule } from "./modules.ts";
import { millrace, parseRows, readRows, reportOf, temporaryFolder } from "./support.ts";

interface Letter {
  readonly topic: string;
  readonly reason: string;
  readonly position?: string;
  readonly raw?: string;
  readonly operator?: string;
  readonly stack?: string;
  readonly value?: unknown;
}

const BAD_ROWS = '{"key":"a","value":"much","at":0}\nno row at all\n{"key":"a"}\n';

test("malformed rows and failing functions become dead letters, which are counted, shown and written out", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  writeFileSync(join(folder, "numbers.ndjson"), sumRows(0, 50) + BAD_ROWS + sumRows(50, 100));
  const args = ["run", file, "--in", "numbers=numbers.ndjson", "--out", "totals=totals.ndjson"];
  const reported = await millrace([...args, "--out", "numbers.dead=dead.ndjson", "--report", "json"], { cwd: folder });
  assert.equal(reported.code, 0, reported.stderr);
  assert.deepEqual([reportOf(reported).atomsIn, reportOf(reported).dead], [103, 4]);
  const letters = readRows<Letter>(join(folder, "dead.ndjson"));
  const malformed = letters.filter(({ raw }) => raw !== undefined);
  assert.deepEqual(malformed.map(({ raw }) => raw), BAD_ROWS.trimEnd().split("\n"));
  for (const { reason, position } of malformed) assert.match(`${reason} ${position}`, /\w.* .*numbers\.ndjson@\d+$/);
  const [failed] = letters.filter(({ operator }) => operator !== undefined);
  assert.equal(failed?.operator, "map-1");
  assert.equal(failed?.reason, "thirteen brings bad luck");
  assert.match(failed?.stack ?? "", /workflow\.ts:10:/);
  assert.deepEqual(failed?.value, { key: "k6", value: 13, at: 13_000 });
  const total = readRows<{ sum: number }>(join(folder, "totals.ndjson")).reduce((sum, row) => sum + row.sum, 0);
  assert.equal(total, 99 * 50 - 13);

  const shown = await millrace(args, { cwd: folder });
  assert.match(shown.stderr, /4 dead letters\. The first in numbers, .*: /);
  assert.match(shown.stderr, /--out numbers\.dead=FILE writes them out/);
});

test("--max-errors ends a run soon after too many, with a hint", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  writeFileSync(join(folder, "numbers.ndjson"), BAD_ROWS + sumRows(0, 400_000));
  const run = (allowed: string) => millrace(["run", file, "--in", "numbers=numbers.ndjson", "--out", "totals=totals.ndjson", "--max-errors", allowed], { cwd: folder });
  const failed = await run("3");
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /\[MILLRACE_TOO_MANY_ERRORS\]/);
  assert.match(failed.stderr, /refused 4 atoms, more than --max-errors 3 allows\. The first in numbers, /);
  assert.equal((await run("4")).code, 0);
});

test("--max-errors ends a run whose input has no end", async (t) => {
  const endless = `import { generator } from "millrace";\nexport const sources = { numbers: generator({ chunk: () => [{ key: "a", value: 13, at: 0 }] }) };\n`;
  const file = writeModule(temporaryFolder(t), endless + SUMS.replace('"millrace"', JSON.stringify(import.meta.resolve("millrace"))));
  const { code, stderr } = await millrace(["run", file, "--max-errors", "100"]);
  assert.equal(code, 1);
  assert.match(stderr, /The first in numbers, in operator map-1: thirteen brings bad luck/);
});

test("dead letters of a data folder are listed; those of a file cannot be replayed, and it says why", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  writeFileSync(join(folder, "numbers.ndjson"), BAD_ROWS + sumRows(0, 50));
  assert.equal((await millrace(["run", file, "--in", "numbers=numbers.ndjson", "--data", "data"], { cwd: folder })).code, 0);
  const summary = await millrace(["dead", "list", "--data", "data"], { cwd: folder });
  assert.match(summary.stdout, /^topic +dead letters +replayed +last reason\nnumbers +4 +0 +thirteen brings bad luck\n$/);
  const listed = await millrace(["dead", "list", "numbers", "--data", "data"], { cwd: folder });
  assert.equal(parseRows(listed.stdout).length, 4);
  const replayed = await millrace(["dead", "replay", "numbers", "--data", "data"], { cwd: folder });
  assert.equal(replayed.code, 2);
  assert.match(replayed.stderr, /topic numbers: was read from .*numbers\.ndjson .*would never be read/);
});
