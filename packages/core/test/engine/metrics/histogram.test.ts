import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "../../../src/engine/metrics/histogram.ts";

const UNIT = 0.001;
const values = fc.array(fc.double({ min: 0, max: 4e6, noNaN: true }), { minLength: 1, maxLength: 200 });
const shares = fc.double({ min: 0.001, max: 1, noNaN: true });

test("a quantile bounds the exact one from above, within 6.3% or a unit", () => {
  fc.assert(
    fc.property(values, shares, (all, share) => {
      const histogram = new Histogram(UNIT);
      for (const value of all) histogram.add(value);
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length) - 1];
      const bound = histogram.quantile(share);
      assert.ok(bound >= exact - UNIT && bound <= exact * 1.0626 + UNIT, `${bound} for ${exact}`);
    }),
  );
});

test("merged histograms say what one of all values says, and weights what repeated values say", () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const whole = new Histogram(UNIT);
      const left = new Histogram(UNIT);
      const right = new Histogram(UNIT);
      for (const value of a) {
        left.add(value, 2);
        whole.add(value);
        whole.add(value);
      }
      for (const value of b) {
        right.add(value);
        whole.add(value);
      }
      left.merge(right);
      for (const share of [0.01, 0.5, 0.95, 0.99, 1]) assert.equal(left.quantile(share), whole.quantile(share));
      assert.equal(left.distribution.count, whole.distribution.count);
    }),
  );
});

test("nothing gives 0, and what is too large counts as the largest", () => {
  const histogram = new Histogram(1);
  assert.deepEqual(histogram.distribution, { count: 0, sum: 0, p50: 0, p95: 0, p99: 0 });
  histogram.add(1e15);
  histogram.add(-5);
  assert.deepEqual([histogram.quantile(0.5), histogram.quantile(1)], [0, 2 ** 32 - 1]);
});
