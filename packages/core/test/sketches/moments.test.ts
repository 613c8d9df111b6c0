import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addToMoments, addToSum, emptyMoments, emptySum, mergeMoments, mergeSum, populationVariance, sampleVariance, sumOf, type Moments } from "../../src/sketches/moments.ts";
import { sample, seeded } from "./samples.ts";

test("a sum keeps what plain addition loses, in any order of merging", () => {
  const values = [1, 1e100, 1, -1e100];
  const forward = emptySum();
  for (const x of values) addToSum(forward, x);
  assert.equal(sumOf(forward), 2);

  const tenths = sample(100_000, () => 0.1);
  const parts = Array.from({ length: 100 }, (_, part) => {
    const state = emptySum();
    for (const x of tenths.subarray(part * 1000, (part + 1) * 1000)) addToSum(state, x);
    return state;
  });
  for (const order of [parts, parts.toReversed()]) {
    const state = emptySum();
    for (const part of order) mergeSum(state, part);
    assert.equal(sumOf(state), 10_000);
  }
});

test("an infinite summand gives what plain addition gives", () => {
  const state = emptySum();
  for (const x of [1, Number.POSITIVE_INFINITY, 2]) addToSum(state, x);
  assert.equal(sumOf(state), Number.POSITIVE_INFINITY);
  addToSum(state, Number.NEGATIVE_INFINITY);
  assert.ok(Number.isNaN(sumOf(state)));
});

test("merged moments are those of the whole, also far from zero", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 400 }), fc.nat(400), fc.constantFrom(0, 1e9), (seed, count, at, offset) => {
      const random = seeded(seed);
      const values = sample(count, () => offset + 10 * random());
      const merged = momentsOf(values.subarray(0, at));
      mergeMoments(merged, momentsOf(values.subarray(at)));
      const mean = values.reduce((sum, x) => sum + (x - offset), 0) / count;
      const squares = values.reduce((sum, x) => sum + (x - offset - mean) ** 2, 0);
      assert.equal(merged.count, count);
      assert.ok(Math.abs(merged.mean - offset - mean) < 1e-5);
      assert.ok(Math.abs(populationVariance(merged) - squares / count) < 1e-4);
      assert.ok(Math.abs(sampleVariance(merged) - squares / (count - 1)) < 1e-4);
    }),
  );
});

test("merging nothing changes nothing, not even nothing", () => {
  for (const values of [[], [3], [3, 5]]) {
    const state = momentsOf(Float64Array.from(values));
    mergeMoments(state, emptyMoments());
    assert.deepEqual(state, momentsOf(Float64Array.from(values)));
  }
});

test("variances of too few values are NaN", () => {
  assert.ok(Number.isNaN(populationVariance(emptyMoments())));
  assert.ok(Number.isNaN(sampleVariance(momentsOf(Float64Array.of(1)))));
  assert.equal(populationVariance(momentsOf(Float64Array.of(1))), 0);
});

function momentsOf(values: Float64Array): Moments {
  const state = emptyMoments();
  for (const x of values) addToMoments(state, x);
  return state;
}
