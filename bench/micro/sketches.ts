/**
 * Adds, merges and sizes of the sketches, as a table. Run by hand:
 * `npx --no-install node --conditions=millrace-source bench/micro/sketches.ts`
 */
import { ByteWriter } from "../../packages/core/src/codec/bytes.ts";
import { ExactDistinct } from "../../packages/core/src/sketches/exact-distinct.ts";
import { ValueHistogram } from "../../packages/core/src/sketches/histogram.ts";
import { HyperLogLog } from "../../packages/core/src/sketches/hyper-log-log.ts";
import { addToMoments, addToSum, emptyMoments, emptySum } from "../../packages/core/src/sketches/moments.ts";
import { TDigest } from "../../packages/core/src/sketches/t-digest.ts";
import { TopK } from "../../packages/core/src/sketches/top-k.ts";

const COUNT = 2_000_000;
const ROUNDS = 5;
const MERGES = 20_000;

interface Row {
  readonly work: string;
  readonly "million/s": string;
  readonly "encoded bytes": number | string;
}

interface Encodes {
  encode(writer: ByteWriter): void;
}

const uniform = Float64Array.from({ length: COUNT }, Math.random);
const counts = uniform.map((x) => Math.floor(-8 * Math.log(1 - x)));
const keys = Array.from({ length: COUNT }, (_, i) => `detector-${(i * 7919) % 500_000}`);
const rows: Row[] = [];

for (const compression of [100, 200]) {
  add(`t-digest ${compression}, uniform`, () => fill(new TDigest(compression), uniform));
  add(`t-digest ${compression}, uniform, compacted`, () => {
    const digest = fill(new TDigest(compression), uniform);
    digest.compact();
    return digest;
  });
  add(`t-digest ${compression}, small counts (exact)`, () => fill(new TDigest(compression), counts));
}
add("histogram, uniform (all different)", () => fill(new ValueHistogram(), uniform));
add("histogram, small counts", () => fill(new ValueHistogram(), counts));
add("HyperLogLog 14, numbers", () => {
  const sketch = new HyperLogLog();
  for (const x of uniform) sketch.addNumber(x);
  return sketch;
});
add("HyperLogLog 14, strings of 15", () => {
  const sketch = new HyperLogLog();
  for (const key of keys) sketch.addString(key);
  return sketch;
});
add("exact distinct, 500,000 strings", () => {
  const set = new ExactDistinct();
  for (const key of keys) set.add(key);
  return set;
});
add("top 10", () => {
  const top = new TopK<number>(10);
  for (let i = 0; i < COUNT; i++) top.offer(uniform[i], keys[i], i);
});
add("compensated sum", () => {
  const sum = emptySum();
  for (const x of uniform) addToSum(sum, x);
});
add("moments", () => {
  const moments = emptyMoments();
  for (const x of uniform) addToMoments(moments, x);
});

const small = fill(new TDigest(), counts.subarray(0, 12));
const large = fill(new TDigest(), uniform);
large.compact();
merge("merge t-digests of 12 counts", small);
merge("merge compacted sketches", large);
console.table(rows);

function fill<T extends { add(x: number): void }>(sketch: T, values: Float64Array): T {
  for (let i = 0; i < values.length; i++) sketch.add(values[i]);
  return sketch;
}

function add(work: string, run: () => Encodes | undefined | void): void {
  let best = Number.POSITIVE_INFINITY;
  let bytes: number | string = "";
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const made = run();
    best = Math.min(best, performance.now() - start);
    const writer = new ByteWriter();
    made?.encode(writer);
    if (made) bytes = writer.length;
  }
  rows.push({ work, "million/s": (COUNT / best / 1000).toFixed(1), "encoded bytes": bytes });
}

function merge(work: string, part: TDigest): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const whole = new TDigest();
    const start = performance.now();
    for (let i = 0; i < MERGES; i++) whole.merge(part);
    best = Math.min(best, performance.now() - start);
  }
  rows.push({ work, "million/s": (MERGES / best / 1000).toFixed(3), "encoded bytes": "" });
}
