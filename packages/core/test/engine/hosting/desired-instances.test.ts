import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { desiredInstances, neededShare, TURN, type StageDemand, type StageLimits, type StageLoad } from "../../../src/engine/hosting/desired-instances.ts";

const limits = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(5)).map(([min, reserve, max]): StageLimits => ({ min, reserve: min + reserve, max: Math.max(1, min + reserve + max) }));
const fraction = fc.oneof(fc.constant(0), fc.constant(Number.MIN_VALUE), fc.double({ min: 0, max: 20, noNaN: true }));
const demand = fc
  .tuple(limits, fraction, fraction, fc.nat(8), fc.nat(3000))
  .map(([one, needed, before, instances, since]): StageDemand => ({ limits: one, needed, recently: Math.max(needed, before), instances, since }));
const stages = fc.array(demand, { minLength: 1, maxLength: 6 });

function reservedOf(all: readonly StageDemand[]): number {
  return all.reduce((sum, { limits: { reserve } }) => sum + reserve, 0);
}

test("never more than a stage's most or the quota, never fewer than its least", () => {
  fc.assert(
    fc.property(stages, fc.nat(20), (all, more) => {
      const quota = reservedOf(all) + more;
      const given = desiredInstances(all, quota);
      assert.ok(given.reduce((sum, n) => sum + n, 0) <= quota);
      given.forEach((n, i) => assert.ok(n >= all[i].limits.min && n <= all[i].limits.max));
    }),
  );
});

test("what is reserved for a stage is its own whatever others need", () => {
  fc.assert(
    fc.property(stages, fc.nat(20), (all, more) => {
      const quota = reservedOf(all) + more;
      const given = desiredInstances(all, quota);
      all.forEach(({ limits: { max, reserve }, recently }, i) => {
        assert.ok(given[i] >= Math.min(reserve, max, Math.floor(recently)), "it gets what it needs of it");
        const others = given.reduce((sum, n, j) => (j === i ? sum : sum + n), 0);
        assert.ok(others <= quota - reserve, "others leave it alone");
      });
    }),
  );
});

test("nothing of the quota is left over while a stage needs more than it has", () => {
  fc.assert(
    fc.property(stages, fc.nat(20), (all, more) => {
      const quota = reservedOf(all) + more;
      const given = desiredInstances(all, quota);
      const shared = given.reduce((sum, n, i) => sum + Math.max(0, n - all[i].limits.reserve), 0);
      const wanting = all.some(({ limits: { max }, recently }, i) => given[i] < Math.min(max, Math.ceil(recently - 0.1)));
      if (wanting) assert.equal(shared, more);
    }),
  );
});

test("a stage with nothing to do has no instance but those that always stay", () => {
  fc.assert(
    fc.property(stages, fc.nat(20), (all, more) => {
      const idle = all.map((one) => ({ ...one, needed: 0, recently: 0 }));
      assert.deepEqual(desiredInstances(idle, reservedOf(all) + more), idle.map(({ limits: { min } }) => min));
    }),
  );
});

test("where there are fewer instances than stages with work, each has its turn", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 5 }), fc.array(fc.double({ min: 0.01, max: 50, noNaN: true }), { minLength: 6, maxLength: 6 }), (count, quota, needs) => {
      fc.pre(quota < count);
      const tick = 200;
      const state = Array.from({ length: count }, () => ({ instances: 0, since: 0, hungry: 0 }));
      const longest = (Math.ceil(count / quota) + 1) * (TURN + tick);
      for (let step = 0; step < 100; step++) {
        const given = desiredInstances(state.map(({ instances, since }, i) => ({ limits: { min: 0, max: 4, reserve: 0 }, needed: needs[i], recently: needs[i], instances, since })), quota);
        state.forEach((one, i) => {
          const hadNone = one.instances === 0;
          one.since = hadNone === (given[i] === 0) ? one.since + tick : 0;
          one.instances = given[i];
          one.hungry = given[i] === 0 ? one.hungry + tick : 0;
          assert.ok(one.hungry <= longest, `stage ${i} of ${count} waited ${one.hungry} ms for one of ${quota}`);
        });
      }
    }),
  );
});

test("of what is left, the stage with most to do for each instance it has gets the next", () => {
  const of = (recently: number, instances = 1): StageDemand => ({ limits: { min: 0, max: 10, reserve: 0 }, needed: recently, recently, instances, since: 0 });
  assert.deepEqual(desiredInstances([of(6), of(3)], 9), [6, 3]);
  assert.deepEqual(desiredInstances([of(6), of(3)], 6), [4, 2]);
  assert.deepEqual(desiredInstances([of(9), of(0.2)], 2), [1, 1]);
});

test("an instance does not go to and fro between two stages that need as much", () => {
  const of = (recently: number, instances: number): StageDemand => ({ limits: { min: 0, max: 4, reserve: 0 }, needed: recently, recently, instances, since: 5000 });
  assert.deepEqual(desiredInstances([of(2, 2), of(2.2, 1)], 3), [2, 1]);
  assert.deepEqual(desiredInstances([of(2, 1), of(2.2, 2)], 3), [1, 2]);
});

test("a load is enough for no instance exactly when there is nothing to do", () => {
  const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(amount, amount, fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }), fc.boolean(), (backlog, rate, capacity, due) => {
      const load: StageLoad = { backlog, rate, capacity, due };
      assert.equal(neededShare(load) > 0, backlog > 0 || rate > 0 || due);
    }),
  );
});

test("more that waits, or more that comes, never needs less", () => {
  const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(amount, amount, amount, amount, fc.double({ min: 1, max: 1e6, noNaN: true }), (backlog, rate, more, faster, capacity) => {
      const least = neededShare({ backlog, rate, capacity, due: false });
      assert.ok(neededShare({ backlog: backlog + more, rate: rate + faster, capacity, due: true }) >= least);
    }),
  );
});

test("an instance that does all it can needs another; what waits is worked off in two seconds", () => {
  const share = (backlog: number, rate: number): number => neededShare({ backlog, rate, capacity: 1000, due: true });
  assert.ok(share(0, 1000) > 1.1 && share(0, 1000) < 2);
  assert.ok(share(0, 600) < 1);
  assert.equal(Math.ceil(share(7000, 700)), 6);
  assert.equal(neededShare({ backlog: 1e9, rate: 0, capacity: undefined, due: false }), 1);
});
