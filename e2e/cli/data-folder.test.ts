import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SUMS, sumRows, writeModule } from "./modules.ts";
import { aarhus, millrace, temporaryFolder } from "./support.ts";
import { madeUpWeek } from "./traffic-made-up.ts";

test("a data folder is never filled from another input, or by another workflow", async (t) => {
  const folder = temporaryFolder(t);
  const small = join(folder, "small.csv");
  const rows = madeUpWeek(1000);
  writeFileSync(small, rows);
  const run = (path: string) => millrace(["run", aarhus, "--in", `observations=${path}`, "--out", "ranking=ranking.ndjson", "--data", "data"], { cwd: folder });
  assert.equal((await run("small.csv")).code, 0);

  writeFileSync(join(folder, "other.csv"), rows);
  const other = await run("other.csv");
  assert.equal(other.code, 1);
  assert.match(other.stderr, /its topic observations was read from .*small\.csv \([\d,]+ bytes\), not from .*other\.csv .*take another folder/);

  writeFileSync(small, `${rows}${rows.trimEnd().split("\n").at(-1)}\n`);
  assert.match((await run("small.csv")).stderr, /\(([\d,]+) bytes\), not from .*small\.csv \((?!\1)[\d,]+ bytes\)/);
  writeFileSync(small, rows.replace("OK", "KO"));
  assert.match((await run("small.csv")).stderr, /small\.csv \([\d,]+ bytes\), whose content has changed since/);

  const text = 'import { topic, workflow } from "millrace";\nexport const other = workflow("other", (flow) => flow.from(topic("observations")).to(topic("copy")));\n';
  const another = await millrace(["run", writeModule(folder, text), "--in", "observations=small.csv", "--data", "data"], { cwd: folder });
  assert.equal(another.code, 1);
  assert.match(another.stderr, /it holds a run of aarhus, not of other/);

  writeFileSync(small, rows);
  assert.equal((await run("small.csv")).code, 0);
});

test("a backend of millrace.config.ts says where the data lies", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  const config = 'import { defineConfig } from "millrace";\nexport default defineConfig({ backends: { kept: { kind: "embedded", data: "store", durability: "disk" }, far: { kind: "cluster" } } });\n';
  writeModule(folder, config, "millrace.config.mjs");
  const run = (backend: string) => millrace(["run", file, "--in", "numbers=-", "--backend", backend], { cwd: folder, input: sumRows(20, 40) });
  assert.equal((await run("kept")).code, 0);
  const { stdout } = await millrace(["topics", "list", "--data", "store"], { cwd: folder });
  assert.match(stdout, /^sums +1 +7$/m);
  const far = await run("far");
  assert.match(far.stderr, /--backend far: its kind is "cluster"; embedded is the only kind in this version/);
  assert.equal(far.code, 2);
  const other = await run("other");
  assert.match(other.stderr, /millrace\.config\.mjs has kept, far/);
});
