import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sortDoubles } from "../../src/sketches/sort-doubles.ts";
import { seeded } from "./samples.ts";

test("sorts any doubles but NaN as the platform does, and leaves what lies behind alone", () => {
  const double = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -300, max: 300 }), fc.constantFrom(0, Infinity, -Infinity, 5e-324));
  fc.assert(
    fc.property(fc.array(double, { minLength: 1, maxLength: 20 }), fc.integer(), fc.integer({ min: 0, max: 1200 }), (few, seed, count) => {
      const random = seeded(seed);
      const values = Float64Array.from({ length: count + 3 }, () => few[Math.floor(random() * few.length)] * (random() < 0.5 ? 1 : random() - 0.5) + 0);
      const expected = values.slice();
      expected.subarray(0, count).sort();
      sortDoubles(values, count);
      assert.deepEqual(values, expected);
    }),
  );
});
