import assert from "node:assert/strict";
import { test } from "node:test";
import { incrementalDelay, uniformDelay } from "../hcm-delay.ts";
import { timingOf, type SignalTiming } from "../intersection.ts";
import { follow, litLamp, type Light } from "../light.ts";
import { pass, type Passage, type Queue, type Road } from "../queue.ts";
import { mix } from "../random.ts";
import { websterDelay } from "../webster.ts";

const LANE: Road = { arrivals: 0.2, saturationFlow: 0.5, room: 10_000, cycle: 60, greenFrom: 0, greenTo: 30 };

test("a queue leaves at saturation flow while it is green, and not before", () => {
  const queue = { waiting: 100, beyond: 0, credit: 0 };
  const road = { ...LANE, arrivals: 0, greenFrom: 20, greenTo: 40 };
  assert.deepEqual(after(queue, road, 0, 20), { waiting: 100, beyond: 0, credit: 0 });
  assert.deepEqual(after(queue, road, 20, 40), { waiting: 90, beyond: 0, credit: 0 });
  assert.deepEqual(after(queue, road, 40, 60), { waiting: 90, beyond: 0, credit: 0 });
});

test("green that begins and ends within a second counts for its part", () => {
  const queue = { waiting: 100, beyond: 0, credit: 0 };
  assert.equal(after(queue, { ...LANE, arrivals: 0, saturationFlow: 1, greenFrom: 10.25, greenTo: 20.75 }, 0, 60).waiting, 90);
  assert.equal(queue.credit, 0.5);
});

test("the sensor counts who passes it: those who find the road full are counted when there is room", () => {
  const queue = { waiting: 0, beyond: 0, credit: 0 };
  const full = { ...LANE, arrivals: 2, room: 25 };
  const red = run(queue, full, 30, 60);
  assert.deepEqual([red.counted, queue.waiting], [25, 25]);
  assert.ok(queue.beyond > 10);
  assert.equal(run(queue, { ...full, arrivals: 0 }, 0, 21).counted, 10, "as many as left in 20 s");
});

test("the simulated delay is about Webster's, for one lane below saturation", () => {
  for (const [cycle, greenShare, saturation] of [[60, 0.5, 0.5], [60, 0.5, 0.8], [90, 0.4, 0.7], [40, 0.4, 0.85]] as const) {
    const flow = saturation * greenShare * LANE.saturationFlow;
    const simulated = delayOf({ ...LANE, arrivals: flow, cycle, greenTo: cycle * greenShare }, 40, 3600);
    const expected = websterDelay({ cycle, greenShare, saturation, flow });
    // Webster: a moving vehicle's time in a vertical queue has no service time, and his formula is within about 5%.
    assert.ok(Math.abs(simulated / expected - 1) < 0.18, `${cycle} s, ${greenShare}, ${saturation}: ${simulated} s, by Webster ${expected} s`);
  }
});

test("the simulated delay is about that of the Highway Capacity Manual, above saturation too", () => {
  for (const saturation of [0.6, 0.9, 1, 1.15]) {
    const [greenShare, cycle] = [0.45, 70];
    const capacity = 3600 * LANE.saturationFlow * greenShare;
    const flow = saturation * capacity;
    const simulated = delayOf({ ...LANE, arrivals: flow / 3600, cycle, greenTo: cycle * greenShare }, 400, 900);
    const expected = uniformDelay({ flow, capacity, greenShare, cycle }) + incrementalDelay({ flow, capacity });
    assert.ok(Math.abs(simulated / expected - 1) < 0.18, `${saturation}: ${simulated} s, by the manual ${expected} s`);
  }
});

test("another plan is taken when the cycle has come round, and then at its beginning", () => {
  const [old, other] = [timingOf(60.5, [26, 26.5]), timingOf(40, [20, 12])];
  const light: Light = { timing: old, position: 30 };
  assert.deepEqual(follow(light, other, 20), [{ timing: old, from: 0, to: 20, position: 30 }]);
  assert.deepEqual(follow(light, other, 20), [
    { timing: old, from: 0, to: 11, position: 50 },
    { timing: other, from: 11, to: 20, position: 0.5 },
  ]);
  assert.deepEqual(follow(light, other, 50), [{ timing: other, from: 0, to: 50, position: 9.5 }]);
  assert.equal(light.position, 19.5);
});

test("a light shows green, amber, red in turn, and the phases never green together", () => {
  const timing: SignalTiming = timingOf(60, [20, 32]);
  const shown = (phase: "NS" | "EW"): string => Array.from({ length: 60 }, (_, position) => litLamp({ timing, position }, phase)[0]).join("");
  assert.equal(shown("NS"), "g".repeat(20) + "aaa" + "r".repeat(37));
  assert.equal(shown("EW"), "r".repeat(24) + "g".repeat(32) + "aaar");
});

/** Mean delay of those who come within the time, all of it: until the last of them has left. */
function delayOf(road: Road, runs: number, seconds: number): number {
  let waited = 0;
  let came = 0;
  for (let round = 0; round < runs; round++) {
    const queue = { waiting: 0, beyond: 0, credit: 0 };
    const passage = { counted: 0, waited: 0 };
    const cycles = Math.ceil(seconds / road.cycle);
    for (let cycle = 0; cycle < cycles || queue.waiting > 0; cycle++) {
      const arrivals = cycle < cycles ? road.arrivals : 0;
      pass(queue, { ...road, arrivals }, { from: 0, to: road.cycle, position: 0, place: mix(round, cycle) }, passage);
    }
    waited += passage.waited;
    came += passage.counted;
  }
  return waited / came;
}

function run(queue: Queue, road: Road, from: number, to: number): Passage {
  const passage = { counted: 0, waited: 0 };
  pass(queue, road, { from, to, position: from, place: 1 }, passage);
  return passage;
}

function after(queue: Queue, road: Road, from: number, to: number): Queue {
  run(queue, road, from, to);
  return { ...queue };
}
