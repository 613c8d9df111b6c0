import assert from "node:assert/strict";
import { test } from "node:test";
import { harness } from "millrace/testing";
import type { Direction, Lamp } from "../intersection.ts";
import { lamps } from "../lamps.ts";
import { alarms, readings, type Alarm } from "../model.ts";
import { timeOf, type Reading } from "../simulator.ts";

test("a reading with a broken lamp raises an alarm with its place and lamp; once it is repaired the alarm clears", async (t) => {
  const h = await harness(lamps);
  t.after(() => h.stop());
  await h.push(readings, reading(0, "A1", "north", []), reading(0, "A1", "east", ["amber"]), reading(0, "B1", "east", []));
  assert.deepEqual(raised(h.rows(alarms)), ["A1 east amber since 0"]);
  await h.push(readings, reading(1, "A1", "east", ["red", "amber"]), reading(1, "B1", "east", ["green"]));
  assert.deepEqual(raised(h.rows(alarms)), ["A1 east amber since 0", "A1 east red since 1", "B1 east green since 1"]);
  await h.restart();
  await h.push(readings, reading(2, "A1", "east", ["red"]), reading(2, "B1", "east", ["green"]));
  assert.deepEqual(raised(h.rows(alarms)), ["A1 east red since 1", "B1 east green since 1"]);
  await h.push(readings, reading(3, "A1", "east", []), reading(3, "B1", "east", ["green"]), reading(4, "A1", "east", ["amber"]));
  assert.deepEqual(raised(h.rows(alarms)), ["A1 east amber since 4", "B1 east green since 1"]);
});

function raised(rows: readonly Alarm[]): string[] {
  return rows.filter(({ cleared }) => !cleared).map(({ intersection, approach, lamp, since }) => `${intersection} ${approach} ${lamp} since ${(since - timeOf(0)) / (timeOf(1) - timeOf(0))}`);
}

function reading(tick: number, intersection: string, approach: Direction, broken: readonly Lamp[]): Reading {
  return { intersection, approach, time: timeOf(tick), vehicles: 3, speed: 50, queue: 0, waited: 0, lit: "green", broken };
}
