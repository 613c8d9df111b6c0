import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { collect } from "../../../src/operators/aggregates/collect.ts";
import { count, mean, sum, variance } from "../../../src/operators/aggregates/numeric.ts";

const values = fc.array(fc.record({ value: fc.integer({ min: -1000, max: 1000 }), stays: fc.boolean() }), { maxLength: 30 });

for (const [name, aggregate] of Object.entries({ count: count<number>(), sum: sum((x: number) => x), mean: mean((x: number) => x), variance: variance((x: number) => x) })) {
  test(`${name}: what is taken back leaves what the others come to`, () => {
    fc.assert(
      fc.property(values, (all) => {
        const [taken, rest] = [new Float64Array(aggregate.width), new Float64Array(aggregate.width)];
        aggregate.reset(taken, 0);
        aggregate.reset(rest, 0);
        const rows = new Int32Array(1);
        for (const { value } of all) aggregate.addMany(taken, rows, Float64Array.of(value), 0, 1);
        for (const { value, stays } of all) if (!stays) aggregate.retractMany?.(taken, rows, Float64Array.of(value), 0, 1);
        for (const { value, stays } of all) if (stays) aggregate.addMany(rest, rows, Float64Array.of(value), 0, 1);
        const [a, b] = [aggregate.result(taken, 0), aggregate.result(rest, 0)];
        if (a === undefined || b === undefined) assert.equal(a, b);
        else assert.ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `${a} instead of ${b}`);
      }),
    );
  });
}

test("collect takes back one of equal values, at its time; with a limit it cannot", () => {
  const all = collect((x: string) => x);
  const kept = ["a", "b", "a"].reduce((into, value, time) => all.add(into, value as never, time), all.init());
  assert.deepEqual(all.result(all.retract?.(kept, "a" as never, 2) ?? []), ["a", "b"]);
  assert.equal(collect((x: string) => x, { limit: 5 }).retract, undefined);
});
