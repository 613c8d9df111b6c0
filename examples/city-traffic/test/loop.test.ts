import assert from "node:assert/strict";
import { test } from "node:test";
import { harness, type Harness, type HarnessOptions } from "millrace/testing";
import { busy, control, lamps, layout, ranking, simulation } from "../city.ts";
import { alarms, busyIntersections, delays, intersections, plans, rankings, readings, repairs, sensors, ticks, type Tick } from "../model.ts";
import { timeOf } from "../simulator.ts";

const QUARTER = 45;

test("a plan takes effect one tick after the end of its window, and halves the delay of the rush hour", async (t) => {
  const h = await harness([layout, simulation, control]);
  t.after(() => h.stop());
  await pass(h, 0, 10 * QUARTER, { seed: 1, intersections: 9 });
  const rows = h.rows(delays).sort((a, b) => a.window.start - b.window.start);
  assert.equal(rows[0].controlled, rows[0].fixed, "in the first quarter nothing is known yet");
  const later = rows.slice(2, 10);
  const [controlled, fixed] = (["controlled", "fixed"] as const).map((field) => later.reduce((sum, row) => sum + row[field] * row.vehicles, 0));
  assert.ok(controlled < 0.75 * fixed, `${controlled} vehicle-seconds instead of ${fixed}`);
});

test("what people edit acts on the next tick: intersections and sensors come, change and go, lamps are repaired", async (t) => {
  const h = await harness([layout, simulation, control, lamps]);
  t.after(() => h.stop());
  // Of this city a lamp is known to break in tick 16.
  const city = { seed: 114, intersections: 4 };
  await pass(h, 0, 6, city);
  assert.deepEqual(await reporting(h, 4), ["A1 4", "A2 4", "B1 4", "B2 4"]);
  const [a1] = h.rows(intersections);
  await h.edit(intersections, [{ put: { ...a1, id: "Z9" } }, { delete: "B1" }]);
  await h.edit(sensors, [{ put: { intersection: "Z9", approach: "north" } }, { delete: ["B2", "east"] }]);
  await pass(h, 6, 9, city);
  assert.deepEqual(await reporting(h, 4), ["A1 4", "A2 4", "B1 4", "B2 4"], "the tick before is as it was");
  assert.deepEqual(await reporting(h, 7), ["A1 4", "A2 4", "B2 3", "Z9 1"]);

  await pass(h, 9, 30, city);
  const [alarm] = h.rows(alarms);
  const { intersection, approach, lamp } = alarm;
  assert.deepEqual(alarm, { intersection, approach, lamp, since: timeOf(16), cleared: false, latitude: h.get(intersections, intersection)?.latitude, longitude: h.get(intersections, intersection)?.longitude });
  await h.edit(repairs, [{ put: { intersection, approach, lamp } }]);
  await pass(h, 30, 33, city);
  assert.deepEqual(h.rows(alarms), []);
});

test("a morning follows from its seed and the edits: in partitions, in stages, killed and resumed", async (t) => {
  const once = await morning(t, {});
  assert.deepEqual(await morning(t, {}), once, "again");
  assert.deepEqual(await morning(t, { partitions: 2, cut: "shuffle" }), once, "two partitions");
  assert.deepEqual(await morning(t, {}, 3), once, "killed");
  assert.deepEqual(await morning(t, { partitions: 4, cut: "every" }, 7), once, "four partitions, every operator a stage, killed");
});

type City = Pick<Tick, "seed" | "intersections">;

async function morning(t: { after(end: () => Promise<void>): void }, options: HarnessOptions, killEvery = Infinity): Promise<unknown> {
  const h = await harness([layout, simulation, control, lamps, ranking, busy], options);
  t.after(() => h.stop());
  for (let tick = 0; tick < QUARTER + 23; tick += 4) {
    await pass(h, tick, tick + 4, { seed: 1, intersections: 6 });
    if (tick === 24) {
      const [first] = h.rows(intersections);
      await h.edit(intersections, [{ put: { ...first, id: "Z9" } }, { delete: first.id }]);
      await h.edit(sensors, [{ put: { intersection: "Z9", approach: "west" } }]);
    }
    if ((tick / 4) % killEvery === 0) await h.restart();
  }
  await h.end();
  const all = await h.values(readings);
  return {
    readings: all.map((reading) => JSON.stringify(reading)).sort(),
    plans: h.rows(plans),
    delays: h.rows(delays).map(({ window, vehicles, controlled, fixed }) => [window, vehicles, controlled.toFixed(9), fixed.toFixed(9)]),
    alarms: h.rows(alarms),
    rankings: h.rows(rankings).map(({ speed, ...row }) => ({ ...row, speed: speed.toFixed(9) })),
    busy: h.rows(busyIntersections).map(({ length, window, intersections: of }) => [length, window, of]),
  };
}

async function pass(h: Harness, from: number, to: number, city: City): Promise<void> {
  for (let tick = from; tick < to; tick++) await h.push(ticks, { time: timeOf(tick), ...city });
}

/** Who reported at a tick, and from how many sensors. */
async function reporting(h: Harness, tick: number): Promise<string[]> {
  const of = (await h.values(readings)).filter(({ time }) => time === timeOf(tick));
  return [...Map.groupBy(of, ({ intersection }) => intersection)].map(([id, all]) => `${id} ${all.length}`).sort();
}
