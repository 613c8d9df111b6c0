import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AGGREGATES, driverOf, ROUNDED, type Atom, type Driver } from "./cases.ts";

const amount = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n / 10) },
  { weight: 1, arbitrary: fc.constantFrom(null, Number.NaN, -0, 1e15 / 3, -1e15 / 3) },
);
const atoms = fc.array(
  fc.record<Atom>({
    place: fc.constantFrom("a", "b", "b2"),
    amount,
    text: fc.constantFrom("", "x", "yy", "þ", "\ud83d\ude00", undefined),
    time: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 40 },
);

for (const [name, aggregate] of Object.entries(AGGREGATES)) {
  const driver = driverOf(aggregate);
  const same = ROUNDED.has(name) ? assertClose : assertSame;

  test(`${name}: parts in any order and grouping give what the whole gives`, () => {
    fc.assert(
      fc.property(atoms, fc.array(fc.nat({ max: 4 })), fc.infiniteStream(fc.nat()), (all, places, choices) => {
        const parts = [0, 1, 2, 3, 4].map((part) => addAll(driver, all.filter((_, i) => (places[i] ?? i % 3) === part)));
        while (parts.length > 1) {
          const [into] = parts.splice(choices.next().value % parts.length, 1);
          const at = choices.next().value % parts.length;
          parts[at] = driver.merge(into, parts[at]);
        }
        same(driver.result(parts[0]), driver.result(addAll(driver, all)));
      }),
    );
  });

  test(`${name}: merging into nothing gives the same state, and leaves the other as it was`, () => {
    fc.assert(
      fc.property(atoms, atoms, (all, more) => {
        const other = addAll(driver, all);
        const before = driver.encode(other);
        let merged = driver.merge(driver.init(), other);
        assert.deepEqual(driver.encode(merged), before);
        for (const atom of more) merged = driver.add(merged, atom);
        assert.deepEqual(driver.encode(other), before);
      }),
    );
  });

  test(`${name}: merging nothing changes nothing`, () => {
    fc.assert(
      fc.property(atoms, (all) => {
        const merged = driver.merge(addAll(driver, all), driver.init());
        assert.deepEqual(driver.encode(merged), driver.encode(addAll(driver, all)));
      }),
    );
  });

  test(`${name}: a round trip through bytes in the middle changes nothing`, () => {
    fc.assert(
      fc.property(atoms, atoms, (before, after) => {
        let state = driver.decode(driver.encode(addAll(driver, before)));
        for (const atom of after) state = driver.add(state, atom);
        const straight = addAll(driver, [...before, ...after]);
        assertSame(driver.result(state), driver.result(straight));
        assert.deepEqual(driver.encode(state), driver.encode(straight));
      }),
    );
  });

  test(`${name}: asking for the result changes nothing`, () => {
    fc.assert(
      fc.property(atoms, (all) => {
        let state = driver.init();
        for (const atom of all) {
          state = driver.add(state, atom);
          driver.result(state);
        }
        assert.deepEqual(driver.encode(state), driver.encode(addAll(driver, all)));
      }),
    );
  });

  test(`${name}: a result is never NaN and stays as it is while more is added`, () => {
    fc.assert(
      fc.property(atoms, atoms, (before, after) => {
        let state = addAll(driver, before);
        const result = driver.result(state);
        const again = driver.result(driver.decode(driver.encode(state)));
        assert.notEqual(result, Number.NaN);
        assert.ok(!Number.isNaN(result));
        for (const atom of after) state = driver.add(state, atom);
        assertSame(result, again);
      }),
    );
  });
}

function addAll(driver: Driver, all: readonly Atom[]): unknown {
  let state = driver.init();
  for (const atom of all) state = driver.add(state, atom);
  return state;
}

function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected);
}

function assertClose(actual: unknown, expected: unknown): void {
  if (typeof actual !== "number" || typeof expected !== "number") {
    assertSame(actual, expected);
    return;
  }
  // The amounts reach 4e14, whose squares have 17 digits more than those of the others.
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
}
