import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key } from "../../../src/contracts/batch.ts";
import { collect } from "../../../src/operators/aggregates/collect.ts";
import { distinctCount } from "../../../src/operators/aggregates/distinct-count.ts";
import { first, last, maxBy, minBy } from "../../../src/operators/aggregates/pick.ts";
import { topK } from "../../../src/operators/aggregates/top-k.ts";
import { addAll, of } from "./results.ts";

interface Car {
  readonly plate: string;
  readonly speed: number | null;
  readonly at: number;
}

const at = (car: Car): number => car.at;
const cars: readonly Car[] = [
  { plate: "m", speed: 50, at: 5 },
  { plate: "d", speed: 90, at: 3 },
  { plate: "c", speed: 90, at: 3 },
  { plate: "b", speed: null, at: 1 },
  { plate: "z", speed: 90, at: 5 },
  { plate: "e", speed: 10, at: 9 },
  { plate: "f", speed: 10, at: 9 },
];

test("the k best come by score, then event time, then value, however they arrive", () => {
  const best = topK((car: Car) => car.plate, 4, (car) => car.speed);
  for (const order of [cars, cars.toReversed()]) assert.deepEqual(of(best, order, at), ["c", "d", "z", "m"]);
  const parts = [addAll(best, cars.slice(3), at), addAll(best, cars.slice(0, 3), at)];
  assert.deepEqual(parts[0].merge(parts[1]).result(), ["c", "d", "z", "m"]);
  assert.throws(() => topK((car: Car) => car.plate, 0, (car) => car.speed), { code: "MILLRACE_USAGE" });
});

test("first and last go by event time, ties by value, however they arrive", () => {
  for (const order of [cars, cars.toReversed()]) {
    assert.equal(of(first((car: Car) => car.plate), order, at), "b");
    assert.equal(of(first((car: Car) => (car.speed === null ? null : car.plate)), order, at), "c");
    assert.equal(of(last((car: Car) => car.plate), order, at), "f");
    assert.deepEqual(of(last((car: Car) => [car.plate, { at: car.at }]), order, at), ["f", { at: 9 }]);
  }
  assert.equal(of(first((car: Car) => car.plate), []), undefined);
});

test("the extremes by another number, ties by event time and value", () => {
  for (const order of [cars, cars.toReversed()]) {
    assert.equal(of(minBy((car: Car) => car.plate, (car) => car.speed), order, at), "e");
    assert.deepEqual(of(maxBy((car: Car) => car, (car) => car.speed), order, at), cars[2]);
  }
  assert.equal(of(maxBy((car: Car) => car.plate, () => Number.NaN), cars, at), undefined);
});

test("collected values come by event time, then value; over the limit the earliest stay", () => {
  for (const order of [cars, cars.toReversed()]) {
    assert.deepEqual(of(collect((car: Car) => car.plate), order, at), ["b", "c", "d", "m", "z", "e", "f"]);
    assert.deepEqual(of(collect((car: Car) => car.plate, { limit: 3 }), order, at), ["b", "c", "d"]);
    assert.deepEqual(of(collect((car: Car) => car.speed, { limit: 2 }), order, at), [90, 90]);
  }
  const long = Array.from({ length: 5000 }, (_, n) => (n * 7919) % 5000);
  assert.deepEqual(of(collect((n: number) => n, { limit: 4 }), long, (n) => n), [0, 1, 2, 3]);
  for (const limit of [0, 2.5, Number.NaN, -1]) assert.throws(() => collect((car: Car) => car, { limit }), { code: "MILLRACE_USAGE" });
});

test("numbers at the same time are ordered by value, with -0 before 0 and NaN last", () => {
  const odd = [Number.NaN, 3, 0, -0, -1, Infinity, 20];
  for (const order of [odd, odd.toReversed()]) {
    assert.deepEqual(of(collect((n: number) => n), order, () => 0), [-1, -0, 0, 3, 20, Infinity, Number.NaN]);
  }
});

test("a result is the caller's own: changing it changes no state", () => {
  for (const value of [{ n: 1 }, { n: [1] }]) {
    const kept = addAll(collect((one: object) => one), [value]);
    const [mine] = kept.result() as { n: unknown }[];
    mine.n = "changed";
    assert.deepEqual(kept.result(), [value]);
  }
});

test("distinct values are told apart by type; null, undefined and NaN are passed over", () => {
  const keys: readonly (Key | undefined)[] = [
    1, "1", 1n, true, false, "", 0, -0, null, undefined, Number.NaN, Infinity,
    [1, "a"], [1, "a"], ["1", "a"], [1], [], [null], "\u00fe", "\u00fe\u00fe", "\u00fe\u00fb", "x", "x",
  ];
  for (const exact of [true, false]) {
    assert.equal(of(distinctCount((key: Key | undefined) => key, { exact }), keys), 17);
  }
  assert.equal(of(distinctCount((key: Key) => key), []), 0);
});

test("strings that look like the bytes of a tuple are not counted as that tuple", () => {
  const exact = distinctCount((key: Key) => key, { exact: true });
  const tuple: Key = ["a"];
  const looksAlike = "\u00fe\u00f7a\u0000";
  assert.equal(of(exact, [tuple, looksAlike, tuple, looksAlike]), 2);
});

test("an estimated count of 200,000 values is within three standard errors, the same in any grouping", () => {
  const estimated = distinctCount((n: number) => [n % 3, `v${n}`]);
  const numbers = Array.from({ length: 200_000 }, (_, n) => n);
  const whole = of(estimated, numbers) as number;
  assert.ok(Math.abs(whole - 200_000) < 3 * 0.0081 * 200_000, `${whole}`);
  const parts = [addAll(estimated, numbers.slice(150_000)), addAll(estimated, numbers.slice(0, 160_000).toReversed())];
  assert.equal(parts[0].merge(parts[1]).result(), whole);
  assert.throws(() => distinctCount((n: number) => n, { precision: 3 }), { code: "MILLRACE_USAGE" });
});

test("a tuple that cannot be a key is refused when it is read", () => {
  for (const aggregate of [distinctCount((key: Key) => key), distinctCount((key: Key) => key, { exact: true })]) {
    assert.throws(() => aggregate.input([Number.NaN]), { code: "MILLRACE_SCHEMA" });
    assert.throws(() => aggregate.input({ a: 1 } as unknown as Key), { code: "MILLRACE_SCHEMA" });
  }
});
