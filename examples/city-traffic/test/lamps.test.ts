import assert from "node:assert/strict";
import { test } from "node:test";
import { harness, type Harness } from "millrace/testing";
import { cityMap } from "../city-map.ts";
import type { Direction, Lamp } from "../intersection.ts";
import { lamps } from "../lamps.ts";
import { alarms, intersections } from "../model.ts";
import { timeOf, type Reading } from "../simulator.ts";
import { feed, given } from "./feed.ts";

test("a reading with a broken lamp raises an alarm with its place and lamp; once it is repaired the alarm clears", async (t) => {
  const h = await started(t);
  await h.push(given, reading(0, "A1", "north", []), reading(0, "A1", "east", ["amber"]), reading(0, "B1", "east", []));
  await h.push(given, reading(1, "A1", "east", ["red", "amber"]), reading(1, "B1", "east", ["green"]));
  assert.deepEqual(raised(h), ["A1 east amber since 0"]);
  const [{ latitude, longitude }] = h.rows(alarms);
  const place = h.get(intersections, "A1");
  assert.deepEqual([latitude, longitude], [place?.latitude, place?.longitude]);
  await h.restart();
  await h.push(given, reading(2, "A1", "east", ["red"]), reading(2, "B1", "east", ["green"]));
  assert.deepEqual(raised(h), ["A1 east amber since 0", "A1 east red since 1", "B1 east green since 1"]);
  await h.push(given, reading(3, "A1", "east", []), reading(3, "B1", "east", ["green"]));
  assert.deepEqual(raised(h), ["A1 east red since 1", "B1 east green since 1"]);
  await h.push(given, reading(4, "A1", "east", ["amber"]));
  assert.deepEqual(raised(h), ["B1 east green since 1"]);
  await h.end();
  assert.deepEqual(raised(h), ["A1 east amber since 4", "B1 east green since 1"]);
});

test("what is taken off the map alarms nobody any more", async (t) => {
  const h = await started(t);
  await h.push(given, reading(0, "A1", "east", ["amber"]), reading(0, "B1", "east", ["green"]));
  await h.push(given, reading(1, "A1", "east", ["amber"]));
  assert.deepEqual(raised(h), ["A1 east amber since 0", "B1 east green since 0"]);
  await h.edit(intersections, [{ delete: "A1" }]);
  await h.push(given, reading(2, "B1", "east", ["green"]));
  await h.push(given, reading(3, "B1", "east", ["green"]));
  assert.deepEqual(raised(h), ["B1 east green since 0"]);
});

async function started(t: { after(end: () => Promise<void>): void }): Promise<Harness> {
  const h = await harness([feed, lamps]);
  t.after(() => h.stop());
  await h.edit(intersections, cityMap({ seed: 1, intersections: 4 }).map((put) => ({ put })));
  return h;
}

function raised(h: Harness): string[] {
  return h.rows(alarms).map(({ intersection, approach, lamp, since }) => `${intersection} ${approach} ${lamp} since ${(since - timeOf(0)) / (timeOf(1) - timeOf(0))}`);
}

function reading(tick: number, intersection: string, approach: Direction, broken: readonly Lamp[]): Reading {
  return { intersection, approach, time: timeOf(tick), vehicles: 3, speed: 50, queue: 0, waited: 0, lit: "green", broken };
}
