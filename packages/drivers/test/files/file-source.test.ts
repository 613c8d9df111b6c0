import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fileSource } from "@millrace/drivers/files";
import type { FileSourceOptions } from "@millrace/drivers/files";
import { contents, readChunks, testFolder, writeInput } from "./read-source.ts";

const compressions = fc.constantFrom("none", "gzip", "zstd");
const cuts = fc.record({ chunkBytes: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4096 })), lanes: fc.integer({ min: 1, max: 4 }) });

/** Field texts with all that CSV can trip over. */
const csvText = fc.string({ unit: fc.constantFrom("a", "b", "0", ",", '"', "\n", "\r\n", " ", "é", "𝄞"), maxLength: 20 });

function csvField(text: string, quoteAll: boolean): string {
  return quoteAll || /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}

describe("the chunks of files", () => {
  it("hold every CSV record once and in order, however they are cut, compressed and shared", async (t) => {
    const folder = testFolder(t);
    const file = fc.record({
      rows: fc.array(fc.tuple(csvText, csvText), { maxLength: 40 }),
      lineEnd: fc.constantFrom("\n", "\r\n"),
      lastLineEnd: fc.boolean(),
      mark: fc.boolean(),
      quoteAll: fc.boolean(),
      swapped: fc.boolean(),
      compression: compressions,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 3 }), cuts, async (files, { chunkBytes, lanes }) => {
        const paths = files.map(({ rows, lineEnd, lastLineEnd, mark, quoteAll, swapped, compression }, i) => {
          const order = (a: string, b: string): string => (swapped ? `${b},${a}` : `${a},${b}`);
          const lines = [order("first", "second"), ...rows.map(([a, b]) => order(csvField(a, quoteAll), csvField(b, quoteAll)))];
          const text = (mark ? "\uFEFF" : "") + lines.join(lineEnd) + (lastLineEnd ? lineEnd : "");
          return writeInput(join(folder, `${i}.csv`), Buffer.from(text), compression);
        });
        const expected = files.flatMap(({ rows }) => rows.map(([first, second]) => ({ first, second })));
        const source = fileSource({ name: "in", path: paths, chunkBytes });
        const chunks = await readChunks(source, lanes);
        assert.deepEqual(chunks.map((chunk) => chunk.index), chunks.map((_, i) => i));
        assert.deepEqual(contents(chunks), { rows: expected, malformed: [] });
      }),
      { numRuns: 150 },
    );
  });

  it("say the same of malformed records, however they are cut, and from wherever they are read again", async (t) => {
    const folder = testFolder(t);
    const csvNoise = fc.string({ unit: fc.constantFrom("a", "1", ",", '"', '""', '"\n', "\n", "\r\n", ',"'), maxLength: 200 }).map((text) => Buffer.from(`x,y\n${text}`));
    const line = fc.oneof(
      fc.json().map((text) => Buffer.from(text)),
      fc.integer({ min: 0, max: 3000 }).map((length) => Buffer.from(JSON.stringify({ long: "x".repeat(length) }))),
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom("", " ", "{", '{"a":1}\r', '{"a":"é"}').map((text) => Buffer.from(text)),
    );
    const ndjson = fc.array(line, { maxLength: 30 }).map((lines) => Buffer.concat(lines.flatMap((bytes, i) => (i === 0 ? [bytes] : [Buffer.from("\n"), bytes]))));
    const input = fc.oneof(csvNoise.map((bytes) => ({ format: "csv" as const, bytes })), ndjson.map((bytes) => ({ format: "ndjson" as const, bytes })));
    await fc.assert(
      fc.asyncProperty(input, compressions, cuts, fc.nat(200), async ({ format, bytes }, compression, { chunkBytes, lanes }, from) => {
        const path = writeInput(join(folder, "input"), bytes, compression);
        const options: FileSourceOptions = { name: "in", path, format, compression };
        const whole = contents(await readChunks(fileSource({ ...options, chunkBytes: 1 << 20 })));
        const chunks = await readChunks(fileSource({ ...options, chunkBytes }), lanes);
        assert.equal(chunks.length, Math.ceil(bytes.length / chunkBytes));
        assert.deepEqual(contents(chunks), whole);
        const again = await readChunks(fileSource({ ...options, chunkBytes }), lanes, from);
        const rest = chunks.filter((chunk) => chunk.index >= from);
        assert.deepEqual(again.map((chunk) => [chunk.index, chunk.next]), rest.map((chunk) => [chunk.index, chunk.next]));
        assert.deepEqual(contents(again), contents(rest));
      }),
      { numRuns: 150 },
    );
  });

  it("tell of a record beyond the bound as one malformed row, and of its neighbours as usual", async (t) => {
    const folder = testFolder(t);
    const record = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 6000 })).map((length) => "x".repeat(length));
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 12 }), compressions, cuts, fc.boolean(), fc.boolean(), async (records, compression, { chunkBytes, lanes }, csv, lastLineEnd) => {
        const lines = records.map((text) => (csv ? `"${text}\n",1` : JSON.stringify({ a: text })));
        const header = csv ? "a,b\n" : "";
        const path = writeInput(join(folder, "input"), Buffer.from(header + lines.join("\n") + (lastLineEnd ? "\n" : "")), compression);
        const maxRecordBytes = 4096;
        const chunks = await readChunks(fileSource({ name: "in", path, format: csv ? "csv" : "ndjson", chunkBytes, maxRecordBytes }), lanes);
        const { rows, malformed } = contents(chunks);
        const length = (line: string, i: number): number => line.length + (lastLineEnd || i < lines.length - 1 ? 1 : 0);
        const fits = records.filter((_, i) => length(lines[i], i) <= maxRecordBytes);
        assert.deepEqual(rows, fits.map((text) => (csv ? { a: `${text}\n`, b: "1" } : { a: text })));
        let offset = header.length;
        const positions = lines.flatMap((line, i) => {
          const at = offset;
          offset += line.length + 1;
          return length(line, i) > maxRecordBytes ? [`${path}@${at}`] : [];
        });
        assert.deepEqual(malformed.map((row) => (row as { position: string }).position), positions);
        for (const row of malformed as { raw: string }[]) assert.ok(row.raw.length <= 1024);
      }),
      { numRuns: 150 },
    );
  });

  it("say how much of the stored files they took, so that all of them come to its size", async (t) => {
    const folder = testFolder(t);
    const content = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `{"a":${i * 7919}}\n`).join(""));
    for (const compression of ["none", "gzip", "zstd"] as const) {
      const path = writeInput(join(folder, "in.ndjson"), content, compression);
      for (const lanes of [1, 3]) {
        const chunks = await readChunks(fileSource({ name: "in", path, chunkBytes: 30_000 }), lanes);
        const told = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
        const { size } = statSync(path);
        assert.ok(Math.abs(told - size) <= chunks.length, `${compression}, ${lanes} lanes: ${told} of ${size}`);
      }
    }
  });
});
