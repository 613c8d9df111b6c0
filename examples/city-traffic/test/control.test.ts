import assert from "node:assert/strict";
import { test } from "node:test";
import { harness } from "millrace/testing";
import { control } from "../control.ts";
import type { Approach, Direction, Intersection } from "../intersection.ts";
import { intersections, plans } from "../model.ts";
import { TICK, timeOf, type Reading } from "../simulator.ts";
import { feed, given } from "./feed.ts";

const WINDOW = 45;

test("the vehicles of a window become flows, and Webster's cycle and greens, which hold from one tick after its end", async (t) => {
  const h = await harness([feed, control]);
  t.after(() => h.stop());
  await h.edit(intersections, [{ put: intersectionOf("A1", 1600, 16) }, { put: intersectionOf("B1", 1600, 16) }]);
  // 500 and 300 vehicles an hour are 125 and 75 in 15 minutes; the other approach of a phase has fewer.
  for (let tick = 0; tick < WINDOW; tick++) {
    await h.push(
      given,
      reading(tick, "A1", "north", share(125, tick)),
      reading(tick, "A1", "south", share(60, tick)),
      reading(tick, "A1", "west", share(75, tick), 30),
      reading(tick, "B1", "north", share(200, tick)),
      reading(tick, "B1", "east", share(190, tick)),
    );
    assert.equal(h.rows(plans).length, 0);
  }
  await h.push(given, reading(WINDOW, "A1", "north", 0));
  const [a, b] = h.rows(plans);
  const end = timeOf(WINDOW);
  assert.deepEqual(a, {
    intersection: "A1",
    cycle: 58,
    phases: { NS: { green: 26.25, red: 31.75 }, EW: { green: 15.75, red: 42.25 } },
    since: end + TICK,
    flows: { north: 500, south: 240, west: 300 },
    flowRatio: 0.5,
    oversaturated: false,
    window: { start: timeOf(0), end },
    delay: (WINDOW * 30) / (125 + 60 + 75),
  });
  // 800 and 760 an hour: more than any timing serves.
  assert.deepEqual([b.oversaturated, b.cycle, b.flowRatio], [true, 120, 0.975]);
});

test("an intersection that was taken off the map gets no plan, and a changed one a plan of what it is then", async (t) => {
  const h = await harness([feed, control], { partitions: 2, cut: "shuffle" });
  t.after(() => h.stop());
  await h.edit(intersections, [{ put: intersectionOf("A1", 1600, 8) }, { put: intersectionOf("B1", 1600, 8) }]);
  for (let tick = 0; tick < WINDOW; tick++) await h.push(given, reading(tick, "A1", "north", share(200, tick)), reading(tick, "B1", "north", share(200, tick)));
  await h.edit(intersections, [{ delete: "A1" }, { put: intersectionOf("B1", 3200, 8) }], { time: timeOf(WINDOW - 1) });
  await h.push(given, reading(WINDOW, "B1", "north", 0));
  assert.deepEqual(h.rows(plans).map(({ intersection, flowRatio }) => [intersection, flowRatio]), [["B1", 0.25]]);
});

function intersectionOf(id: string, saturationFlow: number, lostTime: number): Intersection {
  const approach: Approach = { lanes: 1, saturationFlow, freeSpeed: 60, peakFlow: 600 };
  return { id, latitude: 56, longitude: 10, lostTime, approaches: { north: approach, east: approach, south: approach, west: approach } };
}

/** Vehicles of a tick, so that those of a window are so many. */
function share(vehicles: number, tick: number): number {
  return Math.floor((vehicles * (tick + 1)) / WINDOW) - Math.floor((vehicles * tick) / WINDOW);
}

function reading(tick: number, intersection: string, approach: Direction, vehicles: number, waited = 0): Reading {
  return { intersection, approach, time: timeOf(tick), vehicles, speed: 50, queue: 0, waited, lit: "green", broken: [] };
}
