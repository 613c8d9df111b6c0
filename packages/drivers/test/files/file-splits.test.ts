import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileSource } from "@millrace/drivers/files";
import { contents, testFolder } from "./read-source.ts";

test("with splits: file, each file of a glob is a split of its own, with the file's size", async (t) => {
  const folder = testFolder(t);
  for (const name of ["a", "b"]) writeFileSync(join(folder, `${name}.ndjson`), `{"from":"${name}"}\n`);
  const source = fileSource({ name: "in", path: join(folder, "*.ndjson"), splits: "file" });
  const splits = await source.splits();
  assert.deepEqual(splits.map(({ parallel, bytes }) => ({ parallel, bytes })), [
    { parallel: true, bytes: 13 },
    { parallel: true, bytes: 13 },
  ]);
  const rows: unknown[] = [];
  for (const { id } of splits) {
    const reader = await source.open({ split: id, lane: 0, lanes: 1, position: 0 });
    const chunk = await reader.next();
    assert.ok(typeof chunk !== "string");
    assert.equal(chunk.index, 0);
    rows.push(...contents([chunk]).rows);
    assert.equal(await reader.next(), "end");
    await reader.close();
  }
  assert.deepEqual(rows, [{ from: "a" }, { from: "b" }]);
});

test("files that are read side by side share the memory of their chunks", async (t) => {
  const folder = testFolder(t);
  for (let i = 0; i < 100; i++) writeFileSync(join(folder, `${i}.ndjson`), "{}\n");
  const splits = async (count: number) => fileSource({ name: "in", path: Array.from({ length: count }, (_, i) => join(folder, `${i}.ndjson`)), splits: "file" }).splits();
  const chunk = async (count: number): Promise<number> => Number((await splits(count))[0].id.split("#").at(-1));
  assert.equal(await chunk(1), 1024 * 1024);
  assert.equal(await chunk(64), 512 * 1024);
  assert.equal(await chunk(100), Math.floor((32 * 1024 * 1024) / 100));
});

test("a file that is named twice cannot be two splits", async (t) => {
  const path = join(testFolder(t), "a.ndjson");
  writeFileSync(path, "{}\n");
  await assert.rejects(fileSource({ name: "in", path: [path, path], splits: "file" }).splits(), /source in: the file .*a\.ndjson is named twice/);
});
