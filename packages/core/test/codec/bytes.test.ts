import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";

type Item =
  | ["u8" | "u16" | "u32" | "i32" | "f64" | "varint", number]
  | ["string", string]
  | ["bytes", Uint8Array]
  | ["f64Array", Float64Array]
  | ["i32Array", Int32Array];

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.tuple(fc.constant("u8" as const), fc.nat(0xff)),
  fc.tuple(fc.constant("u16" as const), fc.nat(0xffff)),
  fc.tuple(fc.constant("u32" as const), fc.integer({ min: 0, max: 0xffffffff })),
  fc.tuple(fc.constant("i32" as const), fc.integer({ min: -0x80000000, max: 0x7fffffff })),
  fc.tuple(fc.constant("f64" as const), fc.double()),
  fc.tuple(fc.constant("varint" as const), fc.maxSafeNat()),
  fc.tuple(fc.constant("string" as const), fc.string({ unit: "grapheme", maxLength: 300, size: "max" })),
  fc.tuple(fc.constant("string" as const), fc.string({ unit: "grapheme-ascii", maxLength: 200, size: "max" })),
  fc.tuple(fc.constant("bytes" as const), fc.uint8Array({ maxLength: 100 })),
  fc.tuple(fc.constant("f64Array" as const), fc.float64Array({ maxLength: 20 })),
  fc.tuple(fc.constant("i32Array" as const), fc.int32Array({ maxLength: 20 })),
);

function write(writer: ByteWriter, [kind, value]: Item): void {
  if (kind === "string") writer.string(value);
  else if (kind === "f64Array") writer.f64Array(value);
  else if (kind === "i32Array") writer.i32Array(value);
  else if (kind === "bytes") writer.append(value);
  else writer[kind](value);
}

function read(reader: ByteReader, [kind, value]: Item): unknown {
  if (kind === "string") return reader.string();
  if (kind === "f64Array") return reader.f64Array(value.length);
  if (kind === "i32Array") return reader.i32Array(value.length);
  if (kind === "bytes") return reader.bytes(value.length);
  return reader[kind]();
}

test("what is written in any order is read back, at any alignment, and every truncation is refused", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), fc.nat(7), (items, shift) => {
      const writer = new ByteWriter(1);
      const wellFormed = items.map((one): Item => (one[0] === "string" ? ["string", one[1].toWellFormed()] : one));
      for (const one of wellFormed) write(writer, one);
      const length = writer.length;
      const shifted = new Uint8Array(length + shift);
      shifted.set(writer.take(), shift);
      assert.equal(writer.length, 0);
      const reader = new ByteReader(shifted, shift);
      for (const one of wellFormed) assert.deepEqual(read(reader, one), one[1]);
      assert.equal(reader.remaining, 0);
      if (length > 0) {
        const short = new ByteReader(shifted, shift, shift + length - 1);
        assert.throws(() => wellFormed.forEach((one) => read(short, one)), { code: "MILLRACE_STORE_CORRUPT" });
      }
    }),
    { numRuns: 300 },
  );
});

test("a count that the bytes cannot hold is refused before anything is allocated", () => {
  const writer = new ByteWriter();
  writer.varint(2 ** 50);
  const bytes = writer.take();
  assert.throws(() => new ByteReader(bytes).count(), { code: "MILLRACE_STORE_CORRUPT" });
  assert.throws(() => new ByteReader(bytes).string(), { code: "MILLRACE_STORE_CORRUPT" });
  assert.throws(() => new ByteReader(bytes).f64Array(2 ** 40), { code: "MILLRACE_STORE_CORRUPT" });
  assert.throws(() => new ByteReader(bytes).bytes(-1), { code: "MILLRACE_STORE_CORRUPT" });
});

test("a varint above 2^53 and text that is not UTF-8 are refused on reading, a fraction on writing", () => {
  assert.throws(() => new ByteReader(new Uint8Array(9).fill(0xff)).varint(), { code: "MILLRACE_STORE_CORRUPT" });
  assert.throws(() => new ByteReader(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127)).varint(), { code: "MILLRACE_STORE_CORRUPT" });
  assert.throws(() => new ByteReader(Uint8Array.of(2, 0xc3, 0x28)).string(), { code: "MILLRACE_STORE_CORRUPT" });
  for (const wrong of [1.5, -1, 2 ** 53, Number.NaN]) assert.throws(() => new ByteWriter().varint(wrong), { code: "MILLRACE_USAGE" });
});

test("a length is patched in afterwards, and nowhere outside of what was written", () => {
  const writer = new ByteWriter();
  writer.u8(7);
  writer.u32(0);
  writer.string("body");
  writer.patchU32(1, writer.length);
  const reader = new ByteReader(writer.bytes());
  assert.deepEqual([reader.u8(), reader.u32(), reader.string()], [7, 10, "body"]);
  assert.throws(() => writer.patchU32(7, 1), { code: "MILLRACE_USAGE" });
});

test("bulk numbers are taken from a part of a larger array", () => {
  const writer = new ByteWriter();
  writer.u8(1);
  writer.f64Array(Float64Array.of(1, 2, 3, 4).subarray(1), 1, 3);
  writer.i32Array(Int32Array.of(5, 6, 7), 2);
  const reader = new ByteReader(writer.bytes());
  reader.skip(1);
  assert.deepEqual([...reader.f64Array(2), ...reader.i32Array(1)], [3, 4, 7]);
});
