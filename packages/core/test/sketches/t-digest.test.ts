import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../../src/codec/bytes.ts";
import { TDigest } from "../../src/sketches/t-digest.ts";
import { encoded, quantileByDefinition, rankError, roundTrip, sample, seeded, smallGamma } from "./samples.ts";

const QUANTILES = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999];
const COUNT = 100_000;

/** The inputs of the reference implementation's tests; bounds below are at most its own (0.005 absolute, 0.01 of ranks at the median). */
const INPUTS: [name: string, values: Float64Array][] = [
  ["uniform", sample(COUNT, seeded(1))],
  ["gamma", gamma()],
  ["ascending", sample(COUNT, seeded(3)).sort()],
  ["descending", sample(COUNT, seeded(4)).sort().reverse()],
  ["sequential", Float64Array.from({ length: COUNT }, (_, i) => i)],
  ["ten values and noise", mixture()],
];

for (const [name, values] of INPUTS) {
  const sorted = values.toSorted();
  for (const compression of [100, 200]) {
    test(`${name}, compression ${compression}: ranks of quantiles are within the bounds`, () => {
      assertRanks(digestOf(values, compression), sorted, compression);
    });

    test(`${name}, compression ${compression}: 100 merged parts are within the bounds, and as small`, () => {
      const merged = new TDigest(compression);
      for (let part = 0; part < 100; part++) {
        merged.merge(roundTrip(digestOf(values.filter((_, i) => i % 100 === part), compression), TDigest.decode));
      }
      assert.equal(merged.count, COUNT);
      assertRanks(merged, sorted, compression);
      merged.compact();
      assert.ok(merged.size <= 2 * compression + 4, `${merged.size} centroids`);
    });
  }

  test(`${name}: cdf is within 0.005 of the true fraction`, () => {
    const digest = digestOf(values, 200);
    for (const q of QUANTILES) {
      const x = quantileByDefinition(sorted, q);
      assert.ok(rankError(sorted, x, digest.cdf(x)) < 0.005, `cdf at quantile ${q} is ${digest.cdf(x)}`);
    }
  });
}

test("centroids stay within 2 * compression + 4 however much is added", () => {
  for (const compression of [20, 50, 100, 200, 500]) {
    const digest = digestOf(sample(300_000, seeded(compression)), compression);
    digest.compact();
    assert.ok(digest.size <= 2 * compression + 4, `compression ${compression}: ${digest.size}`);
  }
});

test("parts that are sketches themselves merge within the bounds", () => {
  const values = sample(400_000, seeded(21));
  const merged = new TDigest();
  for (let part = 0; part < 20; part++) {
    const digest = digestOf(values.subarray(part * 20_000, (part + 1) * 20_000), 200);
    assert.equal(digest.exact, false);
    digest.compact();
    merged.merge(digest);
  }
  assert.equal(merged.count, values.length);
  assertRanks(merged, values.toSorted(), 200);
});

test("up to 5 * compression distinct values stay exact, however often they come", () => {
  const random = seeded(7);
  const digest = new TDigest(200);
  const values = sample(200_000, () => Math.floor(random() * 1000));
  for (const x of values) digest.add(x);
  const sorted = values.toSorted();
  assert.equal(digest.exact, true);
  for (const q of QUANTILES) assert.equal(digest.quantile(q), quantileByDefinition(sorted, q));
  for (let x = 1000; x < 3000; x++) digest.add(x);
  digest.compact();
  assert.equal(digest.exact, false);
});

test("small counts with many ties, through merged digests that left the exact range: the median's rank is within 1%", () => {
  for (const mean of [0.3, 2, 7, 40]) {
    const random = seeded(Math.ceil(mean * 10));
    const noise = sample(12_000, () => 1000 * random());
    const counts = sample(30_000, () => Math.floor(-mean * Math.log(1 - random())));
    const values = Float64Array.from([...counts, ...noise]);
    const merged = new TDigest();
    for (let part = 0; part < 60; part++) merged.merge(digestOf(values.filter((_, i) => i % 60 === part), 200));
    assert.equal(merged.exact, false);
    assert.ok(rankError(values.toSorted(), merged.median(), 0.5) < 0.01);
  }
});

test("a value that holds more than a centroid's share of ranks is reported exactly", () => {
  const random = seeded(11);
  const digest = new TDigest(50);
  for (let i = 0; i < 50_000; i++) digest.add(random() < 0.5 ? 0.25 : random());
  assert.equal(digest.exact, false);
  assert.equal(digest.quantile(0.3), 0.25);
  assert.equal(digest.quantile(0.6), 0.25);
});

test("a thousand equal values and one far away: no quantile lies between but next to the jump", () => {
  const digest = new TDigest(100);
  for (let i = 0; i < 1000; i++) digest.add(5);
  digest.add(1_000_000);
  assert.equal(digest.quantile(0.998), 5);
  assert.equal(digest.quantile(1), 1_000_000);
});

test("rank is the middle of a step, cdf its upper end", () => {
  const digest = digestOf(Float64Array.of(1, 2, 3), 100);
  assert.equal(digest.rank(1), 0.5 / 3);
  assert.equal(digest.cdf(1), 1 / 3);
  assert.equal(digest.rank(2), 0.5);
  assert.equal(digest.cdf(2.5), 2 / 3);
  assert.equal(digest.cdf(0.9), 0);
  assert.equal(digest.cdf(3), 1);
});

test("an empty digest has no quantile and the bounds of nothing", () => {
  const digest = roundTrip(new TDigest(), TDigest.decode);
  assert.ok(Number.isNaN(digest.median()) && Number.isNaN(digest.cdf(0)) && Number.isNaN(digest.rank(0)));
  assert.equal(digest.count, 0);
  assert.equal(digest.min, Number.POSITIVE_INFINITY);
  digest.merge(new TDigest());
  assert.equal(digest.count, 0);
});

test("infinities are the outermost values and never blend into a centroid", () => {
  const random = seeded(5);
  const digest = new TDigest(50);
  for (let i = 0; i < 20_000; i++) digest.add(i % 4 === 0 ? Number.POSITIVE_INFINITY : i % 4 === 1 ? Number.NEGATIVE_INFINITY : random());
  const copy = roundTrip(digest, TDigest.decode);
  assert.equal(copy.quantile(0.1), Number.NEGATIVE_INFINITY);
  assert.equal(copy.quantile(0.9), Number.POSITIVE_INFINITY);
  assert.ok(Math.abs(copy.median() - 0.5) < 0.02);
});

test("NaN, weights that are no positive integers, and quantiles out of range are refused", () => {
  const digest = new TDigest();
  assert.throws(() => digest.add(Number.NaN), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => digest.add(Number.NaN, 100), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => digest.add(1, 0), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => digest.add(1, 1.5), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => digest.quantile(1.1), { code: "MILLRACE_USAGE" });
  assert.throws(() => digest.quantile(Number.NaN), { code: "MILLRACE_USAGE" });
  assert.throws(() => new TDigest(0), { code: "MILLRACE_USAGE" });
  assert.equal(digest.count, 0);
});

test("a partial result of small counts takes a few bytes", () => {
  const digest = digestOf(Float64Array.of(3, 0, 0, 1), 200);
  assert.ok(encoded(digest).length <= 16, `${encoded(digest).length} bytes`);
  const large = digestOf(sample(100_000, seeded(1)), 200);
  large.compact();
  assert.ok(encoded(large).length < 4000, `${encoded(large).length} bytes`);
});

function assertRanks(digest: TDigest, sorted: Float64Array, compression: number): void {
  assert.equal(digest.quantile(0), sorted[0]);
  assert.equal(digest.quantile(1), sorted.at(-1));
  for (const q of QUANTILES) {
    const bound = 0.0005 + (Math.PI / compression) * Math.sqrt(q * (1 - q));
    const error = rankError(sorted, digest.quantile(q), q);
    assert.ok(error <= Math.min(bound, 0.01), `quantile ${q}: rank is off by ${error}, allowed ${bound}`);
  }
}

function digestOf(values: Float64Array, compression: number): TDigest {
  const digest = new TDigest(compression);
  for (const x of values) digest.add(x);
  return digest;
}

function gamma(): Float64Array {
  const random = seeded(2);
  return sample(COUNT, () => smallGamma(random));
}

function mixture(): Float64Array {
  const random = seeded(6);
  return sample(COUNT, () => (random() < 0.7 ? Math.floor(random() * 10) / 10 : random()));
}

test("bytes that say an impossible compression are no digest", () => {
  for (const read of [(reader: ByteReader) => TDigest.decode(reader), (reader: ByteReader) => new TDigest().mergeEncoded(reader)]) {
    assert.throws(() => read(new ByteReader(Uint8Array.of(1, 9, 1, 0, 0))), { code: "MILLRACE_STORE_CORRUPT" });
  }
});
