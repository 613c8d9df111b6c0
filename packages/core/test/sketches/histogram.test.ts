import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "../../src/codec/bytes.ts";
import { ValueHistogram } from "../../src/sketches/histogram.ts";
import { encoded, quantileByDefinition, roundTrip, sample, seeded } from "./samples.ts";

test("the median of an even count is the mean of the two in the middle", () => {
  assert.equal(histogramOf([4, 1, 3, 2]).median(), 2.5);
  assert.equal(histogramOf([0.1, 0.7]).median(), (0.1 + 0.7) / 2);
  assert.equal(histogramOf([5, 1, 3]).median(), 3);
  assert.equal(histogramOf([2 ** 1023, 2 ** 1023 * 1.5]).median(), 2 ** 1023 * 1.25);
});

test("quantiles are those of type 7 (R's default), also with many ties", () => {
  const histogram = histogramOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(histogram.quantile(0.25), 3.25);
  assert.equal(histogram.quantile(0.9), 9.1);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
      const expected = quantileByDefinition(values.toSorted((a, b) => a - b), q);
      assert.ok(Math.abs(histogramOf(values).quantile(q) - expected) < 1e-12);
    }),
  );
});

test("contents and bytes do not depend on order, grouping or counts given at once", () => {
  const value = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 200 }), fc.nat(), (values, at) => {
      const whole = histogramOf(values);
      const cut = at % (values.length + 1);
      const merged = histogramOf(values.slice(cut).reverse());
      merged.merge(roundTrip(histogramOf(values.slice(0, cut)), ValueHistogram.decode));
      const counted = new ValueHistogram();
      for (const x of new Set(values.map((v) => v + 0))) counted.add(x, values.filter((v) => v === x).length);
      const fromBytes = histogramOf(values.slice(cut).reverse());
      fromBytes.mergeEncoded(new ByteReader(encoded(histogramOf(values.slice(0, cut)))));
      assert.deepEqual(encoded(merged), encoded(whole));
      assert.deepEqual(encoded(fromBytes), encoded(whole));
      assert.deepEqual(encoded(counted), encoded(whole));
      assert.equal(merged.count, values.length);
      assert.equal(merged.distinct, new Set(values.map((v) => v + 0)).size);
    }),
  );
});

test("a hundred thousand different values are all kept", () => {
  const values = sample(100_000, seeded(1));
  const histogram = histogramOf(values);
  const sorted = values.toSorted();
  for (const q of [0, 0.001, 0.37, 0.5, 0.999, 1]) assert.equal(histogram.quantile(q), quantileByDefinition(sorted, q));
  assert.equal(histogram.cdf(sorted[49_999]), 0.5);
});

test("merging with itself doubles every count", () => {
  const histogram = histogramOf([1, 2, 2]);
  histogram.merge(histogram);
  assert.equal(histogram.count, 6);
  assert.deepEqual(encoded(histogram), encoded(histogramOf([1, 1, 2, 2, 2, 2])));
});

test("NaN, counts that are no positive integers, and broken bytes are refused", () => {
  const histogram = new ValueHistogram();
  assert.throws(() => histogram.add(Number.NaN), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => histogram.add(1, -1), { code: "MILLRACE_SCHEMA" });
  assert.ok(Number.isNaN(histogram.median()));
  const bytes = encoded(histogramOf([1, 2, 3.5]));
  assert.throws(() => roundTrip({ encode: (writer) => writer.append(bytes, 0, 12) }, ValueHistogram.decode as never), { code: "MILLRACE_STORE_CORRUPT" });
  bytes[0] = 9;
  assert.throws(() => roundTrip({ encode: (writer) => writer.append(bytes) }, ValueHistogram.decode as never), { code: "MILLRACE_STATE_MISMATCH" });
});

function histogramOf(values: Iterable<number>): ValueHistogram {
  const histogram = new ValueHistogram();
  for (const x of values) histogram.add(x);
  return histogram;
}
