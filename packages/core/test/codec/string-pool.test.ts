import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { StringPool } from "../../src/codec/string-pool.ts";

const encoder = new TextEncoder();

test("the pool gives the string of any bytes, first time and again, whatever fell into its place between", () => {
  const pool = new StringPool(16);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { maxLength: 60 }), (texts) => {
      for (let round = 0; round < 2; round++) {
        for (const text of texts) {
          const well = text.toWellFormed();
          const utf8 = encoder.encode(well);
          const padded = new Uint8Array(utf8.length + 5).fill(0x61);
          padded.set(utf8, 3);
          assert.equal(pool.get(padded, 3, 3 + utf8.length), well);
        }
      }
    }),
  );
});

test("strings of every length that differ in one character anywhere are told apart", () => {
  const pool = new StringPool(1 << 16);
  for (let length = 1; length <= 34; length++) {
    for (let at = 0; at < length; at++) {
      for (const letter of "abc") {
        const text = "a".repeat(at) + letter + "a".repeat(length - at - 1);
        const utf8 = encoder.encode(text);
        assert.equal(pool.get(utf8, 0, length), text);
      }
    }
  }
});

test("a byte order mark and a zero byte stay characters", () => {
  const pool = new StringPool();
  for (const text of ["\uFEFFid", "a\0b", "", "\0", "é".repeat(16), "x".repeat(33)]) {
    const utf8 = encoder.encode(text);
    assert.equal(pool.get(utf8, 0, utf8.length), text);
    assert.equal(pool.get(utf8, 0, utf8.length), text);
  }
});
