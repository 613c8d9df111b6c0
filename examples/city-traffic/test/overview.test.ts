import assert from "node:assert/strict";
import { test } from "node:test";
import { harness } from "millrace/testing";
import { cityMap } from "../city-map.ts";
import type { Direction, Lamp } from "../intersection.ts";
import { intersections, places } from "../model.ts";
import { overview } from "../overview.ts";
import { timeOf, type Reading } from "../simulator.ts";
import { feed, given } from "./feed.ts";

test("an intersection is shown as it was in the last whole tick: its speed, its queues, its lights", async (t) => {
  const h = await harness([feed, overview]);
  t.after(() => h.stop());
  await h.edit(intersections, cityMap({ seed: 1, intersections: 4 }).map((put) => ({ put })));
  await h.push(given, reading(0, "north", 10, 40, "green", []), reading(0, "east", 30, 20, "red", ["amber"]), reading(0, "west", 0, null, "amber", ["red", "green"]));
  assert.deepEqual(h.rows(places), []);
  await h.push(given, reading(1, "south", 5, 60, "amber", []));
  const [first] = h.rows(places);
  const { latitude, longitude } = h.get(intersections, "A1") ?? {};
  assert.deepEqual(first, { intersection: "A1", latitude, longitude, time: timeOf(0), speed: 25, waiting: 6, northSouth: "green", eastWest: "red", broken: 3 });
  await h.end();
  const [{ time, speed, northSouth, broken }, ...others] = h.rows(places);
  assert.deepEqual([time, speed, northSouth, broken, others.length], [timeOf(1), 60, "amber", 0, 0]);
});

function reading(tick: number, approach: Direction, vehicles: number, speed: number | null, lit: Lamp, broken: readonly Lamp[]): Reading {
  return { intersection: "A1", approach, time: timeOf(tick), vehicles, speed, queue: 2, waited: 0, lit, broken };
}
