import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Hasher64 } from "../../src/sketches/hash64.ts";
import { HyperLogLog } from "../../src/sketches/hyper-log-log.ts";
import { encoded, roundTrip, seeded } from "./samples.ts";

const PRECISIONS = [10, 12, 14];

test("hashes are MurmurHash3_x86_128's first 64 bits", () => {
  const hasher = new Hasher64();
  const cases: [string, number[]][] = [
    ["The quick brown fox jumps over the lazy dog", [0x2f1583c3, 0xecee2c67]],
    ["I will not buy this record, it is scratched.", [0xa0a9683b, 0x25ac5e40]],
    ["", [0, 0]],
  ];
  for (const [text, expected] of cases) {
    hasher.bytes(new TextEncoder().encode(text), 0);
    assert.deepEqual([...hasher.hash], expected);
  }
});

for (const precision of PRECISIONS) {
  const most = precision === 14 ? 10_000_000 : 1_000_000;
  test(`precision ${precision}: the error stays within 3 standard errors from 10 to ${most}`, () => {
    const random = seeded(precision);
    const sketch = new HyperLogLog(precision);
    const allowed = (3 * 1.04) / Math.sqrt(2 ** precision);
    let next = 10;
    for (let n = 1; n <= most; n++) {
      sketch.addHash(random() * 2 ** 32, random() * 2 ** 32);
      if (n < next) continue;
      assert.ok(Math.abs(sketch.estimate() / n - 1) <= allowed, `${n} was estimated as ${sketch.estimate()}`);
      next = Math.ceil(next * 1.5);
    }
  });
}

test("the estimate has no bias over many sketches, around the sizes where older estimators had", () => {
  const random = seeded(1);
  for (const count of [300, 1500, 2560, 5000, 20_000]) {
    let sum = 0;
    for (let run = 0; run < 100; run++) {
      const sketch = new HyperLogLog(10);
      for (let n = 0; n < count; n++) sketch.addHash(random() * 2 ** 32, random() * 2 ** 32);
      sum += sketch.estimate() / count - 1;
    }
    const standardError = 1.04 / Math.sqrt(1024) / Math.sqrt(100);
    assert.ok(Math.abs(sum / 100) < 3.5 * standardError, `${count}: bias ${sum / 100}`);
  }
});

test("small counts are exact, for strings, numbers and bytes alike", () => {
  for (const add of [
    (sketch: HyperLogLog, i: number) => sketch.addString(`detector-${i}`),
    (sketch: HyperLogLog, i: number) => sketch.addNumber(i / 7),
    (sketch: HyperLogLog, i: number) => sketch.addBytes(Uint8Array.of(i & 255, i >> 8, 7)),
  ]) {
    const sketch = new HyperLogLog();
    for (let i = 0; i < 3000; i++) add(sketch, i % 1000);
    assert.equal(sketch.exact, true);
    assert.equal(sketch.estimate(), 1000);
  }
});

test("real keys estimate as well as random hashes do", () => {
  for (const add of [
    (sketch: HyperLogLog, i: number) => sketch.addString(`a rather long key that spans several blocks, number ${i}`),
    (sketch: HyperLogLog, i: number) => sketch.addString(String(i)),
    (sketch: HyperLogLog, i: number) => sketch.addNumber(i),
  ]) {
    const sketch = new HyperLogLog();
    for (let i = 0; i < 200_000; i++) add(sketch, i);
    assert.ok(Math.abs(sketch.estimate() / 200_000 - 1) < 3 * 0.0081, `${sketch.estimate()}`);
  }
});

test("0 and -0 are one value, a number and its text are two", () => {
  const sketch = new HyperLogLog();
  sketch.addNumber(0);
  sketch.addNumber(-0);
  sketch.addString("0");
  assert.equal(sketch.estimate(), 2);
});

test("the hash of zeros is a hash like any other", () => {
  const sketch = new HyperLogLog();
  for (const [high, low] of [[0, 0], [0, 0], [1, 0], [0, 2]]) sketch.addHash(high, low);
  assert.equal(sketch.estimate(), 3);
  assert.equal(roundTrip(sketch, HyperLogLog.decode).estimate(), 3);
});

test("all NaN are one value, whatever their bits are", () => {
  const sketch = new HyperLogLog();
  for (const nan of new Float64Array(new BigUint64Array([0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff8000000000001n]).buffer)) sketch.addNumber(nan);
  assert.equal(sketch.estimate(), 1);
});

test("a hash without a one bit after those of its register is counted and encoded", () => {
  for (const precision of [4, 14, 18]) {
    const sketch = new HyperLogLog(precision);
    for (let i = 0; i < 100_000; i++) sketch.addNumber(i);
    sketch.addHash(1 << (32 - precision), 0);
    assert.deepEqual(encoded(roundTrip(sketch, HyperLogLog.decode)), encoded(sketch));
    assert.ok(Number.isFinite(sketch.estimate()));
  }
});

test("merging is the union: the same bytes as one sketch of all, whatever the order and the encoding between", () => {
  const part = fc.record({ from: fc.nat(3000), count: fc.nat(2500) });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), fc.constantFrom(4, 10, 14), (parts, precision) => {
      const whole = new HyperLogLog(precision);
      const merged = new HyperLogLog(precision);
      for (const { from, count } of parts) {
        const sketch = new HyperLogLog(precision);
        for (let i = from; i < from + count; i++) {
          sketch.addNumber(i);
          whole.addNumber(i);
        }
        sketch.merge(merged);
        merged.merge(roundTrip(sketch, HyperLogLog.decode));
      }
      assert.deepEqual(encoded(merged), encoded(whole));
      assert.equal(merged.estimate(), whole.estimate());
    }),
    { numRuns: 40 },
  );
});

test("encoded, a full sketch takes six bits a register, a small one eight bytes a value", () => {
  const sketch = new HyperLogLog();
  for (let i = 0; i < 10; i++) sketch.addNumber(i);
  assert.ok(encoded(sketch).length <= 84);
  for (let i = 0; i < 100_000; i++) sketch.addNumber(i);
  assert.ok(encoded(sketch).length <= 16_384 * 0.75 + 4);
});

test("other precisions are refused, and so are bytes that are no sketch", () => {
  assert.throws(() => new HyperLogLog(10).merge(new HyperLogLog(12)), { code: "MILLRACE_USAGE" });
  assert.throws(() => new HyperLogLog(3), { code: "MILLRACE_USAGE" });
  const read = (...bytes: number[]) => roundTrip({ encode: (writer) => writer.append(Uint8Array.from(bytes)) }, HyperLogLog.decode as never);
  assert.throws(() => read(7, 14, 0, 0), { code: "MILLRACE_STATE_MISMATCH" });
  assert.throws(() => read(1, 14, 1, 0, 5, 200, 3), { code: "MILLRACE_STORE_CORRUPT" });
  assert.throws(() => read(1, 4, 0, 2, ...new Array<number>(16).fill(1)), { code: "MILLRACE_STORE_CORRUPT" });
});
