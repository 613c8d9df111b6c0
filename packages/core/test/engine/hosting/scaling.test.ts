import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../support.ts";
import { counter, ScalingWorld } from "./scaling-world.ts";

const one = counter("one");
const two = counter("two");
const COUNT = "one/count";

test("from none to the most while there is much to do, slowly down again, and to none", async (t) => {
  const world = new ScalingWorld();
  await world.start([one], { instances: 4, idleAfter: 5_000 });
  t.after(() => world.runtime.stop());
  await world.pass(6_000);
  assert.deepEqual([world.runtime.running, await world.scaling(COUNT)], [0, [0, 0]]);
  await world.visit(one);
  assert.deepEqual([world.runtime.running, await world.scaling(COUNT)], [1, [1, 1]]);
  world.busy = 1;
  let rounds = 1 + (await world.visitFor([one], 3_000));
  assert.deepEqual([world.runtime.running, await world.scaling(COUNT)], [4, [4, 4]]);
  world.busy = 0.05;
  rounds += await world.visitFor([one], 4_500);
  assert.equal(world.runtime.running, 4, "not before the quiet time is over");
  rounds += await world.visitFor([one], 3_000);
  assert.deepEqual([world.runtime.running, await world.scaling(COUNT)], [1, [1, 1]]);
  await world.pass(6_000);
  assert.deepEqual([world.runtime.running, world.alive.length], [0, 1], "one is kept as a spare");
  assert.equal(world.counted(one), rounds);
  assert.equal(world.runtime.replaced, 0);
});

test("a stage's least stays while it rests, others go", async (t) => {
  const world = new ScalingWorld();
  await world.start([one, two], { instances: 4, idleAfter: 1_000, stages: { [COUNT]: { min: 2 } } });
  t.after(() => world.runtime.stop());
  for (const counted of [one, two]) await world.visit(counted);
  await world.pass(3_000);
  assert.deepEqual([await world.scaling(COUNT), await world.scaling("one/source-one.visits-1"), await world.scaling("two/count")], [[2, 2], [0, 0], [0, 0]]);
  assert.equal(world.runtime.running, 2);
});

test("what is reserved is there at once, however much others have to do", async (t) => {
  const world = new ScalingWorld();
  await world.start([one, two], { instances: 3, idleAfter: 5_000, stages: { two: { reserve: 1, max: 2 } }, spare: false });
  t.after(() => world.runtime.stop());
  await world.pass(6_000);
  world.busy = 1;
  let rounds = await world.visitFor([one], 3_000);
  assert.deepEqual([world.runtime.running, await world.scaling(COUNT), await world.scaling("two/count")], [2, [2, 2], [0, 0]], "the third is kept free");
  await world.visit(two);
  assert.equal(world.counted(two), 1);
  rounds += await world.visitFor([one], 500);
  assert.deepEqual([world.runtime.running, await world.scaling(COUNT), await world.scaling("two/count")], [3, [2, 2], [1, 1]]);
  assert.equal(world.counted(one), rounds);
});

test("a quota goes to those that need it, and never beyond", async (t) => {
  const world = new ScalingWorld();
  await world.start([one, two], { instances: 4, idleAfter: 2_000, stages: { one: {}, two: {} }, spare: false });
  t.after(() => world.runtime.stop());
  world.busy = 1;
  const alone = await world.visitFor([one], 4_000);
  assert.deepEqual([(await world.scaling(COUNT))[0], (await world.scaling("two/count"))[0]], [4, 0]);
  let most = 0;
  let together = 0;
  for (; together < 60; together++) {
    for (const counted of [one, two]) await world.visit(counted);
    most = Math.max(most, world.alive.length);
    await world.pass(100);
  }
  const [ofOne, ofTwo] = [(await world.scaling(COUNT))[0], (await world.scaling("two/count"))[0]];
  assert.deepEqual([most, ofOne >= 1 && ofTwo >= 1, ofOne + ofTwo], [4, true, 4]);
  const after = await world.visitFor([two], 5_000);
  assert.deepEqual([(await world.scaling(COUNT))[0], (await world.scaling("two/count"))[0]], [0, 4]);
  assert.deepEqual([world.counted(one), world.counted(two)], [alone + together, together + after]);
});

test("with fewer instances than stages have work, they share what there is, and nobody waits", async (t) => {
  const world = new ScalingWorld();
  await world.start([one, two], { instances: 1, partitions: 2, cut: "every", idleAfter: 1_000, stages: { one: {}, "two/count": {} }, spare: false });
  t.after(() => world.runtime.stop());
  let rounds = 0;
  for (; rounds < 30; rounds++) {
    for (const counted of [one, two]) await world.visit(counted);
    assert.equal(world.alive.length, 1);
    assert.deepEqual([world.counted(one), world.counted(two)], [rounds + 1, rounds + 1]);
    await world.pass(100);
  }
  await world.pass(3_000);
  assert.equal(world.alive.length, 0);
});

test("instances that are lost while slots move, rest and come back lose nothing and do nothing twice", { timeout: 120_000 }, async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const next = random(seed);
    const world = new ScalingWorld();
    const stages = next() < 0.5 ? { stages: { [COUNT]: { reserve: 1 }, two: { max: 2 } } } : {};
    await world.start([one, two], { instances: 4, idleAfter: 1_000, ...stages });
    const rounds = [0, 0];
    for (let step = 0; step < 80; step++) {
      world.busy = next() < 0.5 ? 1 : 0.1;
      for (const [i, counted] of [one, two].entries()) {
        if (next() < 0.4) continue;
        rounds[i]++;
        await world.visit(counted);
      }
      if (next() < 0.15) world.alive[Math.floor(next() * world.alive.length)]?.crash();
      await world.pass(next() < 0.1 ? 3_000 : 50 + next() * 400);
      assert.ok(world.runtime.running <= 4);
    }
    await world.pass(20_000);
    assert.deepEqual([world.counted(one), world.counted(two)], rounds, `seed ${seed}`);
    assert.deepEqual([world.runtime.running, world.alive.length <= 1], [0, true], `seed ${seed}`);
    await world.runtime.stop();
    assert.equal(world.alive.length, 0);
  }
});
