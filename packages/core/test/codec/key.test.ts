import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Key, Scalar } from "../../src/contracts/batch.ts";
import { ByteWriter } from "../../src/codec/bytes.ts";
import { compareBytes, decodeKey, encodeKey, keyBytes } from "../../src/codec/key.ts";

const text = fc.string({ unit: fc.oneof(fc.constantFrom("\0", "\u0001", "a", "é", "\uffff", "😀"), fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 })), maxLength: 6 }).map((s) => s.toWellFormed());
const finite = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const scalar: fc.Arbitrary<Scalar> = fc.oneof(text, finite, fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.bigInt({ min: -300n, max: 300n }), fc.boolean(), fc.constant(null));
const key: fc.Arbitrary<Key> = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }));

const plain = (value: Key): Key => (Array.isArray(value) ? value.map((v) => plain(v) as Scalar) : Object.is(value, -0) ? 0 : value);

const rank = (value: Scalar): number =>
  typeof value === "string" ? 0 : value === null ? 1 : value === false ? 2 : value === true ? 3 : typeof value === "number" ? 4 : 5;

const order = (a: Key, b: Key): number => {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const difference = order(a[i] as Scalar, b[i] as Scalar);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  }
  if (Array.isArray(a)) return 1;
  if (Array.isArray(b)) return -1;
  const x = a as Scalar;
  const y = b as Scalar;
  if (rank(x) !== rank(y)) return rank(x) - rank(y);
  if (typeof x === "string" && typeof y === "string") {
    const p = Array.from(x, (c) => c.codePointAt(0)!);
    const q = Array.from(y, (c) => c.codePointAt(0)!);
    for (let i = 0; i < Math.min(p.length, q.length); i++) if (p[i] !== q[i]) return p[i] - q[i];
    return p.length - q.length;
  }
  return x === null || y === null || x === y ? 0 : x < y ? -1 : 1;
};

test("every key round-trips; -0 comes back as 0", () => {
  fc.assert(
    fc.property(key, fc.nat(3), (value, shift) => {
      const bytes = keyBytes(value);
      const shifted = new Uint8Array(bytes.length + shift + 2).fill(0xfb);
      shifted.set(bytes, shift);
      assert.deepEqual(decodeKey(shifted, shift, shift + bytes.length), plain(value));
    }),
    { numRuns: 2000 },
  );
});

test("bytes compare as the documented order says, so equal only for equal keys", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      assert.equal(Math.sign(compareBytes(keyBytes(a), keyBytes(b))), Math.sign(order(a, b)));
    }),
    { numRuns: 5000 },
  );
});

test("tuples that concatenate alike stay different, and a tuple of one is not its element", () => {
  const keys: Key[] = ["ab", ["ab"], ["a", "b"], ["a\0b"], ["a\0", "b"], ["a", "\0b"], ["", "ab"], [], [[].length], "", [""], [null], null, 1, 1n, "1", [1], [1n]];
  const seen = new Set(keys.map((k) => keyBytes(k).join()));
  assert.equal(seen.size, keys.length);
});

test("a string key is its plain UTF-8, as Kafka's StringSerializer writes it", () => {
  assert.deepEqual(keyBytes("sensor-ü"), new TextEncoder().encode("sensor-ü"));
});

test("what cannot be a key is refused with MILLRACE_SCHEMA", () => {
  const wrong = [Number.NaN, Infinity, -Infinity, "\ud800", ["a", "\udc00"], [Number.NaN], undefined, {}, [["nested"]], [undefined], Symbol("s"), () => 1, 2n ** 2040n];
  for (const value of wrong) assert.throws(() => encodeKey(value as Key, new ByteWriter()), { code: "MILLRACE_SCHEMA" }, typeof value);
});

test("bytes that no key has are refused with MILLRACE_DECODE, and what decodes encodes to the same bytes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0xf7, 0xf8, 0xf9, 0xfb, 0xfc, 0xfd, 0xfe)), { maxLength: 14 }),
      (list) => {
        const bytes = Uint8Array.from(list);
        let value: Key;
        try {
          value = decodeKey(bytes, 0, bytes.length);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "MILLRACE_DECODE");
          return;
        }
        assert.deepEqual(keyBytes(value), bytes);
      },
    ),
    { numRuns: 5000 },
  );
});
