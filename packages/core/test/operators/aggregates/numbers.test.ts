import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../../src/codec/bytes.ts";
import { decodeValue, encodeValue } from "../../../src/codec/values.ts";
import type { AnyAggregate } from "../../../src/graph/aggregate.ts";
import { countOf, maxOf, medianOf, minOf, quantileOf, type Digest } from "../../../src/operators/aggregates/digest-value.ts";
import { digest, mergeDigests } from "../../../src/operators/aggregates/digest.ts";
import { count, max, mean, min, sum, variance } from "../../../src/operators/aggregates/numeric.ts";
import { median, quantile } from "../../../src/operators/aggregates/quantile.ts";
import { quantileByDefinition, rankError, sample, seeded } from "../../sketches/samples.ts";
import { addAll, of } from "./results.ts";

type N = number | null | undefined;
const self = (n: N): N => n;

test("sums and means keep what plain addition loses, in any order", () => {
  const hard = [1e16, 1, -1e16, 1e-3, 1e16, -1e16];
  for (const order of [hard, hard.toReversed(), hard.toSorted((a, b) => a - b)]) {
    assert.equal(of(sum(self), order), 1.001);
    assert.equal(of(mean(self), order), 1.001 / 6);
  }
  assert.notEqual(hard.reduce((a, b) => a + b, 0), 1.001);
});

test("sums of numbers with decimals are the same in every order and grouping", () => {
  const decimals = fc.array(fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 100), { maxLength: 50 });
  fc.assert(
    fc.property(decimals, fc.nat({ max: 50 }), (numbers, at) => {
      const parts = [addAll(sum(self), numbers.slice(at)), addAll(sum(self), numbers.slice(0, at).toReversed())];
      assert.equal(parts[0].merge(parts[1]).result(), of(sum(self), numbers));
    }),
  );
});

test("a sum that leaves the finite numbers is what plain addition gives", () => {
  assert.equal(of(sum(self), [1e308, 1e308, 5]), Infinity);
  assert.equal(of(sum(self), [1, -Infinity, 5]), -Infinity);
  assert.equal(of(mean(self), [Infinity, 5]), Infinity);
});

test("of nothing a count and a sum are 0, everything else is undefined", () => {
  for (const nothing of [[], [null, undefined, Number.NaN]]) {
    assert.equal(of(count(self), nothing), 0);
    assert.equal(of(sum(self), nothing), 0);
    for (const aggregate of [mean(self), min(self), max(self), variance(self), median(self), median(self, { exact: true })]) {
      assert.equal(of(aggregate, nothing), undefined);
    }
  }
  assert.equal(of(count(), [null, null]), 2);
  assert.equal(of(variance(self, { sample: true }), [3]), undefined);
  assert.equal(of(variance(self), [3]), 0);
});

test("a variance is right far from zero", () => {
  const far = [4, 7, 13, 16].map((n) => n + 1e9);
  assert.equal(of(variance(self, { sample: true }), far), 30);
  assert.equal(of(variance(self), far), 22.5);
});

test("quantiles interpolate order statistics, exactly while values are few", () => {
  const numbers = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
      const expected = quantileByDefinition(all.toSorted((a, b) => a - b), q);
      for (const exact of [true, false]) {
        const actual = of(quantile(self, q, { exact }), all) as number;
        assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
      }
    }),
  );
  assert.equal(of(median(self), [1, 2, 3, 10]), 2.5);
  assert.equal(of(median(self), [-Infinity, Infinity]), undefined);
});

test("an estimated quantile of a million numbers in 64 parts is within its ranks, an exact one exact", () => {
  const random = seeded(7);
  const numbers = sample(1_000_000, () => -Math.log(1 - random()));
  const sorted = numbers.toSorted();
  for (const [q, bound] of [[0.5, 0.004], [0.99, 0.001], [0.001, 0.0003]] as const) {
    const state = addAll(quantile(self, q), []);
    for (let part = 0; part < 64; part++) state.merge(addAll(quantile(self, q), numbers.subarray(part * 15_625, (part + 1) * 15_625)));
    const error = rankError(sorted, state.result() as number, q);
    assert.ok(error <= bound, `rank error at ${q}: ${error}`);
  }
  assert.equal(of(median(self, { exact: true }), numbers), quantileByDefinition(sorted, 0.5));
});

test("a quantile outside 0..1 and a compression that cannot be are refused where they are written", () => {
  for (const refused of [
    () => quantile(self, 1.5),
    () => quantile(self, Number.NaN),
    () => median(self, { compression: 3 }),
    () => digest(self, { compression: 20.5 }),
  ]) {
    assert.throws(refused, { code: "MILLRACE_USAGE" });
  }
});

test("a closure that gives no number is told so", () => {
  const wrong = median(() => "12" as unknown as number);
  assert.throws(() => wrong.input(undefined), { code: "MILLRACE_SCHEMA", message: /gave a string/ });
});

test("digests are plain values that answer later", () => {
  for (const exact of [true, false]) {
    const counts = traveled(of(digest(self, { exact }), [5, 1, null, 9, 7]) as Digest);
    assert.deepEqual([countOf(counts), minOf(counts), medianOf(counts), maxOf(counts), quantileOf(counts, 1)], [4, 1, 6, 9, 9]);
    const nothing = of(digest(self, { exact }), []) as Digest;
    assert.deepEqual([countOf(nothing), minOf(nothing), medianOf(nothing), maxOf(nothing)], [0, undefined, undefined, undefined]);
    assert.throws(() => quantileOf(counts, 2), { code: "MILLRACE_USAGE" });
    assert.throws(() => countOf(counts.subarray(1) as Digest), { code: "MILLRACE_DECODE" });
    assert.throws(() => countOf(new Uint8Array(0) as unknown as Digest), { code: "MILLRACE_DECODE" });
  }
});

test("digests merge: exact ones stay exact, sketches take the largest compression, mixed ones are a sketch", () => {
  const random = seeded(3);
  const numbers = sample(40_000, () => Math.floor(random() * 1e6));
  const sorted = numbers.toSorted();
  const parts = [0, 1, 2, 3].map((part) => numbers.subarray(part * 10_000, (part + 1) * 10_000));
  const exact = parts.map((part) => of(digest(self, { exact: true }), part) as Digest);
  const sketches = parts.map((part, i) => of(digest(self, { compression: 100 + i * 300 }), part) as Digest);
  const merge = (digests: readonly Digest[]): Digest => of(mergeDigests((one: Digest) => one), digests) as Digest;
  assert.deepEqual(merge(exact), of(digest(self, { exact: true }), numbers));
  for (const digests of [sketches, sketches.toReversed(), [exact[0], sketches[1], exact[2], sketches[3]]]) {
    const all = merge(digests);
    assert.equal(countOf(all), 40_000);
    assert.equal(minOf(all), sorted[0]);
    assert.ok(rankError(sorted, medianOf(all) as number, 0.5) < 0.005);
  }
  assert.deepEqual(merge(sketches).subarray(2, 4), Uint8Array.of(1000 % 128 | 128, 1000 >> 7));
  assert.equal(medianOf(merge([])), undefined);
});

test("what changes the layout of the state changes the aggregate's name, and what does not does not", () => {
  const named = (aggregate: AnyAggregate<N>): string => ("name" in aggregate ? aggregate.name : "");
  assert.equal(named(quantile(self, 0.5)), named(digest(self)));
  assert.equal(named(variance(self)), named(variance(self, { sample: true })));
  const names = [named(median(self)), named(median(self, { exact: true })), named(median(self, { compression: 50 })), named(sum(self)), named(mean(self))];
  assert.equal(new Set(names).size, names.length);
});

function traveled<T>(value: T): T {
  const writer = new ByteWriter();
  encodeValue(value, writer);
  return decodeValue(new ByteReader(writer.take())) as T;
}
