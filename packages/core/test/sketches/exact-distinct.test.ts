import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ExactDistinct, type Scalar } from "../../src/sketches/exact-distinct.ts";
import { encoded, roundTrip } from "./samples.ts";

const scalars = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.string({ unit: "grapheme", maxLength: 3 }),
  fc.constantFrom("\ud800", "\ud801", "\udc00a", "\ufffd"),
  fc.boolean(),
  fc.bigInt(),
  fc.constant(null),
);

test("types are kept apart, 0 and -0 are one value, and so are all NaN", () => {
  const set = setOf([1, "1", 1n, true, null, 0, -0, Number.NaN, Number.NaN, false, "", "1"]);
  assert.equal(set.count, 9);
  assert.equal(set.has("1") && set.has(-0) && !set.has("true"), true);
});

test("merging and encoding give the set of all, with the same bytes in any order", () => {
  fc.assert(
    fc.property(fc.array(scalars), fc.array(scalars), (a, b) => {
      const merged = setOf(b);
      merged.merge(roundTrip(setOf(a), ExactDistinct.decode));
      assert.equal(merged.count, new Set([...a, ...b]).size);
      assert.deepEqual(encoded(merged), encoded(setOf([...a, ...b])));
    }),
  );
});

function setOf(values: Scalar[]): ExactDistinct {
  const set = new ExactDistinct();
  for (const value of values) set.add(value);
  return set;
}
