import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ValueHistogram } from "../../src/sketches/histogram.ts";
import { ByteReader } from "../../src/codec/bytes.ts";
import { TDigest } from "../../src/sketches/t-digest.ts";
import { encoded, rankError, roundTrip, sample, seeded } from "./samples.ts";

/** Streams long enough to leave the exact range at compression 10 (50 distinct values, 1,600 buffered). */
const streams = fc.record({
  seed: fc.integer(),
  count: fc.integer({ min: 1, max: 6000 }),
  different: fc.constantFrom(3, 40, 1000, 1e9),
});
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 8 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

test("quantiles never fall as q rises, and lie in [min, max]", () => {
  fc.assert(
    fc.property(streams, shares, (stream, qs) => {
      const digest = digestOf(valuesOf(stream));
      const quantiles = [0, ...qs.sort((a, b) => a - b), 1].map((q) => digest.quantile(q));
      assert.equal(quantiles[0], digest.min);
      assert.equal(quantiles.at(-1), digest.max);
      for (let i = 1; i < quantiles.length; i++) assert.ok(quantiles[i] >= quantiles[i - 1]);
    }),
    { numRuns: 60 },
  );
});

test("cdf rises from 0 to 1, and undoes quantile to within a centroid", () => {
  fc.assert(
    fc.property(streams, shares, (stream, qs) => {
      const digest = digestOf(valuesOf(stream));
      assert.equal(digest.cdf(digest.max), 1);
      assert.equal(digest.cdf(digest.min - 1), 0);
      for (const q of qs) {
        const x = digest.quantile(q);
        const slack = 2 / digest.count + 0.001;
        assert.ok(digest.cdf(x) >= q - slack, `cdf(quantile(${q})) = ${digest.cdf(x)}`);
        assert.ok(2 * digest.rank(x) - digest.cdf(x) <= q + slack, `below quantile(${q}): ${2 * digest.rank(x) - digest.cdf(x)}`);
      }
      const fractions = [...qs].map((q) => digest.min + q * (digest.max - digest.min)).sort((a, b) => a - b);
      for (let i = 1; i < fractions.length; i++) assert.ok(digest.cdf(fractions[i]) >= digest.cdf(fractions[i - 1]));
    }),
    { numRuns: 60 },
  );
});

test("count, min and max are exact through adds, weights and merges", () => {
  fc.assert(
    fc.property(streams, streams, fc.integer({ min: 1, max: 1000 }), (one, other, weight) => {
      const a = valuesOf(one);
      const b = valuesOf(other);
      const digest = digestOf(a);
      digest.merge(digestOf(b));
      digest.add(0.5, weight);
      const all = Float64Array.from([...a, ...b, 0.5]).sort();
      assert.equal(digest.count, a.length + b.length + weight);
      assert.equal(digest.min, all[0]);
      assert.equal(digest.max, all.at(-1));
      digest.merge(digest);
      assert.equal(digest.count, 2 * (a.length + b.length + weight));
    }),
    { numRuns: 60 },
  );
});

test("while exact, quantiles equal the histogram's, in any order of adds and merges", () => {
  fc.assert(
    fc.property(fc.array(fc.array(finite, { maxLength: 40 }), { maxLength: 12 }), shares, (parts, qs) => {
      const digest = new TDigest(100);
      const histogram = new ValueHistogram();
      for (const part of parts) {
        digest.merge(digestOf(Float64Array.from(part), 100));
        for (const x of part) histogram.add(x);
      }
      assert.equal(digest.exact, true);
      for (const q of [...qs, 0.5]) assert.equal(digest.quantile(q), histogram.quantile(q));
      for (const x of parts.flat()) assert.equal(digest.cdf(x), histogram.cdf(x));
    }),
  );
});

test("queries, encoding and decoding in between change nothing later", () => {
  fc.assert(
    fc.property(fc.array(streams, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(3), { maxLength: 12 }), (parts, moments) => {
      const plain = new TDigest(20);
      let disturbed = new TDigest(20);
      const fromBytes = new TDigest(20);
      const decoded = new TDigest(20);
      for (const [i, part] of parts.entries()) {
        const values = valuesOf(part);
        const cut = Math.floor(values.length / 3);
        for (const [n, x] of values.entries()) {
          if (n >= cut) break;
          plain.add(x);
          disturbed.add(x);
          if (n % 501 !== 0) continue;
          const what = moments[(n + i) % Math.max(1, moments.length)];
          if (what === 1) disturbed.median();
          if (what === 2) disturbed = roundTrip(disturbed, TDigest.decode);
          if (what === 3) encoded(disturbed);
        }
        const rest = digestOf(values.subarray(cut), 20);
        plain.merge(rest);
        disturbed.merge(roundTrip(rest, TDigest.decode));
        fromBytes.merge(digestOf(values.subarray(0, cut), 20));
        fromBytes.mergeEncoded(new ByteReader(encoded(rest)));
        decoded.merge(digestOf(values.subarray(0, cut), 20));
        decoded.merge(rest);
      }
      assert.deepEqual(encoded(disturbed), encoded(plain));
      assert.deepEqual(encoded(fromBytes), encoded(decoded));
    }),
    { numRuns: 40 },
  );
});

test("merging either way round gives the same ranks within the error", () => {
  fc.assert(
    fc.property(streams, streams, (one, other) => {
      const a = valuesOf(one);
      const b = valuesOf(other);
      const sorted = Float64Array.from([...a, ...b]).sort();
      for (const [first, second] of [[a, b], [b, a]] as const) {
        const digest = digestOf(first, 100);
        digest.merge(digestOf(second, 100));
        assert.ok(rankError(sorted, digest.median(), 0.5) <= 0.02 + 1 / sorted.length);
      }
    }),
    { numRuns: 40 },
  );
});

function valuesOf({ seed, count, different }: { seed: number; count: number; different: number }): Float64Array {
  const random = seeded(seed);
  return sample(count, () => Math.floor((random() - 0.3) * different));
}

function digestOf(values: Float64Array, compression = 10): TDigest {
  const digest = new TDigest(compression);
  for (const x of values) digest.add(x);
  return digest;
}
