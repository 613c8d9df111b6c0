import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { createCsvWriter, createNdjsonWriter, fileSource } from "@millrace/drivers/files";
import type { RowWriter } from "@millrace/drivers/files";
import { contents, readChunks, testFolder } from "./read-source.ts";

async function writeAll(writer: RowWriter, rows: readonly unknown[]): Promise<void> {
  for (const row of rows) await writer.write(row);
  await writer.close();
}

describe("a row writer", () => {
  it("puts the file in place when it is closed, and leaves nothing behind when it is given up", async (t) => {
    const folder = testFolder(t);
    const path = join(folder, "out.ndjson");
    writeFileSync(path, "before");
    const writer = createNdjsonWriter(path);
    for (let i = 0; i < 100_000; i++) await writer.write({ i });
    assert.equal(readFileSync(path, "utf8"), "before");
    await writer.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    assert.equal(lines.length, 100_000);
    assert.equal(lines[99_999], '{"i":99999}');
    assert.equal(writer.rows, 100_000);
    const given = createNdjsonWriter(path);
    await given.write({ i: "x".repeat(200_000) });
    await given.abort();
    assert.deepEqual(readdirSync(folder), ["out.ndjson"]);
    assert.equal(readFileSync(path, "utf8").length, lines.join("\n").length + 1);
  });

  it("compresses by the name's end", async (t) => {
    const folder = testFolder(t);
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `row ${i}` }));
    await writeAll(createNdjsonWriter(join(folder, "out.ndjson.gz")), rows);
    await writeAll(createCsvWriter(join(folder, "out.csv.zst")), rows);
    assert.equal(gunzipSync(readFileSync(join(folder, "out.ndjson.gz"))).toString().split("\n")[19_999], JSON.stringify(rows[19_999]));
    assert.equal(zstdDecompressSync(readFileSync(join(folder, "out.csv.zst"))).toString().split("\n")[20_000], "19999,row 19999");
  });

  it("says what is wrong with the place it writes to", async (t) => {
    const folder = testFolder(t);
    assert.throws(() => createNdjsonWriter(folder), { code: "MILLRACE_IO", message: /is a folder/ });
    const writer = createNdjsonWriter(join(folder, "none", "out.ndjson"));
    await assert.rejects(writeAll(writer, [{ a: 1 }]), { code: "MILLRACE_IO", message: /folder does not exist/ });
    await writer.abort();
  });

  it("writes to a device as it is", async () => {
    await writeAll(createNdjsonWriter("/dev/null"), [{ a: 1 }]);
    assert.ok(!readFileSync("/dev/null").length && existsSync("/dev/null"));
  });

  it("gives JSON to what JSON lacks", async (t) => {
    const path = join(testFolder(t), "out.ndjson");
    const rows = [
      { nan: NaN, inf: -Infinity, zero: -0, none: undefined, big: 2n ** 70n, at: new Date(0) },
      { map: new Map<unknown, unknown>([[1, new Set(["a"])]]), bytes: new Uint8Array([1, 2]), deep: [{ n: 1n }], custom: { toJSON: () => ({ n: 2n }) } },
    ];
    await writeAll(createNdjsonWriter(path), rows);
    assert.deepEqual(readFileSync(path, "utf8").trimEnd().split("\n"), [
      '{"nan":null,"inf":null,"zero":0,"big":"1180591620717411303424","at":"1970-01-01T00:00:00.000Z"}',
      '{"map":[[1,["a"]]],"bytes":[1,2],"deep":[{"n":"1"}],"custom":{"n":"2"}}',
    ]);
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const writer = createNdjsonWriter(path);
    assert.throws(() => writer.write(cycle), { code: "MILLRACE_SCHEMA" });
    assert.throws(() => writer.write(undefined), { code: "MILLRACE_SCHEMA" });
    await writer.abort();
  });

  it("refuses a CSV row with a column that the header lacks, and leaves absent ones empty", async (t) => {
    const path = join(testFolder(t), "out.csv");
    const writer = createCsvWriter(path, { columns: ["a", "b,c", "constructor"] });
    void writer.write({ a: null, "b,c": { d: 1 } });
    assert.throws(() => writer.write({ e: 1 }), { code: "MILLRACE_SCHEMA", message: /"e"/ });
    void writer.write({ a: true });
    await writer.close();
    assert.equal(readFileSync(path, "utf8"), 'a,"b,c",constructor\n,"{""d"":1}",\ntrue,,\n');
  });

  it("writes what the file source reads back", async (t) => {
    const folder = testFolder(t);
    const text = fc.string({ unit: "binary" }).filter((value) => value.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ first: text, "sec,ond": text }, { noNullPrototype: true }), { minLength: 1 }), fc.constantFrom(",", ";", "\t", "|"), async (rows, delimiter) => {
        await writeAll(createCsvWriter(join(folder, "o.csv"), { delimiter }), rows);
        assert.deepEqual(contents(await readChunks(fileSource({ name: "in", path: join(folder, "o.csv"), csv: { delimiter } }))), { rows, malformed: [] });
        await writeAll(createNdjsonWriter(join(folder, "o.ndjson")), rows);
        assert.deepEqual(contents(await readChunks(fileSource({ name: "in", path: join(folder, "o.ndjson") }))), { rows, malformed: [] });
      }),
      { numRuns: 50 },
    );
  });
});
