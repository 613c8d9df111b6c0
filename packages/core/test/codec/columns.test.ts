import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Column } from "../../src/contracts/columns.ts";
import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";
import { decodeColumn, encodeColumn } from "../../src/codec/column-codec.ts";
import { booleanColumn, bytesColumn, numberColumn, stringColumnFrom, valueColumn } from "../../src/codec/columns.ts";
import { StringPool } from "../../src/codec/string-pool.ts";

function read(column: Column, row: number): unknown {
  if (column.type === "value") return column.values[row];
  if (column.type === "bytes") return column.bytes.slice(column.starts[row], column.ends[row]);
  if (column.valid !== undefined && column.valid[row] === 0) return undefined;
  if (column.type === "string") return column.get(row);
  return column.type === "boolean" ? column.values[row] === 1 : column.values[row];
}

function bytesOf(column: Column, selection: Int32Array | undefined, count: number): Uint8Array {
  const writer = new ByteWriter(1);
  encodeColumn(column, selection, count, writer);
  return writer.take();
}

const string = fc.oneof(fc.constantFrom("a", "bb", "ccc"), fc.string({ unit: "grapheme", maxLength: 8 }).map((s) => s.toWellFormed()), fc.constant("é".repeat(200)));
const lists: fc.Arbitrary<{ column: Column; values: readonly unknown[] }> = fc.oneof(
  fc.array(fc.option(fc.oneof(fc.double(), fc.constant(-0)), { nil: undefined }), { maxLength: 50 }).map((values) => ({ column: numberColumn(values), values })),
  fc.tuple(fc.maxSafeInteger(), fc.constantFrom(0, 200, 60_000, 2 ** 32 - 1, 2 ** 33), fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }), { maxLength: 50 })).map(
    ([base, range, fractions]) => {
      const values = fractions.map((f) => (f === undefined ? f : base + Math.floor(f * range)));
      return { column: numberColumn(values), values };
    },
  ),
  fc.array(fc.constantFrom(0, -0, 1, 200, undefined), { maxLength: 20 }).map((values) => ({ column: numberColumn(values), values })),
  fc.array(fc.option(fc.boolean(), { nil: undefined }), { maxLength: 50 }).map((values) => ({ column: booleanColumn(values), values })),
  fc.array(fc.option(string, { nil: undefined }), { maxLength: 80, size: "max" }).map((values) => ({ column: stringColumnFrom(values), values })),
  fc.array(fc.oneof(fc.integer(), fc.record({ a: fc.integer() }, { noNullPrototype: true }), fc.constant(undefined)), { maxLength: 20 }).map((values) => ({ column: valueColumn(values), values })),
  fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 50 }).map((values) => ({ column: inOneArray(values), values })),
);

function inOneArray(values: readonly Uint8Array[]): Column {
  const writer = new ByteWriter();
  const starts = Int32Array.from(values, (bytes) => {
    writer.append(bytes);
    return writer.length - bytes.length;
  });
  return bytesColumn(writer.take(), starts, Int32Array.from(values, (bytes, i) => starts[i] + bytes.length));
}

test("every column comes back dense, whole or selected, from any place of a message", () => {
  fc.assert(
    fc.property(lists, fc.option(fc.array(fc.nat(), { maxLength: 60 })), fc.boolean(), ({ column, values }, picks, pooled) => {
      const selection = picks === null || values.length === 0 ? undefined : Int32Array.from(picks, (p) => p % values.length);
      const expected = selection === undefined ? values : Array.from(selection, (row) => values[row]);
      const writer = new ByteWriter(1);
      writer.u8(1);
      encodeColumn(column, selection, expected.length, writer);
      const reader = new ByteReader(writer.bytes(), 1);
      const back = decodeColumn(reader, expected.length, pooled ? new StringPool() : undefined);
      assert.equal(reader.remaining, 0);
      assert.equal(back.type, column.type);
      for (let round = 0; round < 2; round++) assert.deepEqual(expected.map((_, row) => read(back, row)), expected);
      if (back.type === "string") {
        const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
        expected.forEach((value, row) => assert.equal(decoder.decode(back.bytes.subarray(back.starts[row], back.ends[row])), value ?? ""));
      }
    }),
    { numRuns: 1000 },
  );
});

test("columns are compact: small integers, timestamps, constants, booleans and repeated strings", () => {
  const rows = Array.from({ length: 4096 }, (_, i) => i);
  const size = (column: Column): number => bytesOf(column, undefined, 4096).length;
  assert.ok(size(numberColumn(rows.map((i) => i % 250))) < 4096 + 20);
  assert.ok(size(numberColumn(rows.map((i) => 1.7e12 + i * 1000))) < 4096 * 4 + 20);
  assert.ok(size(numberColumn(rows.map(() => 7.5))) < 4096 * 8 + 20);
  assert.ok(size(numberColumn(rows.map(() => 7))) < 20);
  assert.ok(size(booleanColumn(rows.map((i) => i % 2 === 0))) < 512 + 20);
  assert.ok(size(stringColumnFrom(rows.map((i) => `sensor-${i % 200}`))) < 4096 + 200 * 11 + 20);
  assert.ok(size(stringColumnFrom(rows.map((i) => `sensor-${i % 1000}`))) < 4096 * 2 + 1000 * 12 + 20);
  assert.ok(size(stringColumnFrom(rows.map((i) => `${i + 1_000_000}`))) < 4096 * 8 + 20);
});

test("a lone surrogate is refused when the column is made", () => {
  assert.throws(() => stringColumnFrom(["ok", "\ud800"]), { code: "MILLRACE_SCHEMA" });
});

test("damaged columns are refused with MILLRACE_STORE_CORRUPT or read as other values, and strings stay well formed", () => {
  fc.assert(
    fc.property(lists, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(), ({ column, values }, flips, cut) => {
      const bytes = bytesOf(column, undefined, values.length);
      for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
      const reader = new ByteReader(bytes, 0, cut % 3 === 0 ? cut % (bytes.length + 1) : bytes.length);
      let back: Column;
      try {
        back = decodeColumn(reader, values.length);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "MILLRACE_STORE_CORRUPT", String(error));
        return;
      }
      if (back.type !== "string") return;
      const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      for (let row = 0; row < values.length; row++) assert.equal(strict.decode(back.bytes.subarray(back.starts[row], back.ends[row])), back.get(row));
    }),
    { numRuns: 3000 },
  );
});

test("a row count that no batch has is refused before memory is taken for it", () => {
  const bytes = bytesOf(numberColumn([5, 5]), undefined, 2);
  assert.throws(() => decodeColumn(new ByteReader(bytes), 2 ** 31), { code: "MILLRACE_STORE_CORRUPT" });
});

test("text that is well formed as a whole is refused where a string would start inside a character", () => {
  const bytes = bytesOf(stringColumnFrom(["é", "a"]), undefined, 2);
  const lengths = bytes.length - 3 - 2;
  assert.deepEqual([...bytes.subarray(lengths, lengths + 2)], [2, 1]);
  bytes.set([1, 2], lengths);
  assert.throws(() => decodeColumn(new ByteReader(bytes), 2), { code: "MILLRACE_STORE_CORRUPT", message: /inside a character/ });
});
