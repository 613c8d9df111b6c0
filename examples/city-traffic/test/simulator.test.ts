import assert from "node:assert/strict";
import { test } from "node:test";
import type { Busy, Ranked } from "../city.ts";
import { frame, PLAIN } from "../screen.ts";
import { simulator, TICK, timeOf, type Reading } from "../simulator.ts";
import type { View } from "../view.ts";

const HOUR = 3_600_000 / TICK;

test("the same seed gives the same readings of any tick, in any order; another seed gives others", () => {
  const [one, same, other] = [7, 7, 8].map((seed) => simulator({ seed, intersections: 25 }));
  const ticks = [0, 1, 2, 500];
  const readings = ticks.map((tick) => one.readings(tick));
  assert.deepEqual(ticks.toReversed().map((tick) => same.readings(tick)), readings.toReversed());
  assert.notDeepEqual(other.readings(500), readings[3]);
  assert.deepEqual(readings.map(([{ time }]) => time), ticks.map(timeOf));
  assert.equal(new Set(readings[0].map(({ intersection, approach }) => `${intersection} ${approach}`)).size, 100);
});

test("more vehicles come in the rush hour than at night, and they are slower", () => {
  const city = simulator({ seed: 1, intersections: 100 });
  const [rush, night] = [2 * HOUR, 19 * HOUR].map((from) => Array.from({ length: 30 }, (_, i) => city.readings(from + i)).flat());
  assert.ok(vehicles(rush) > 10 * vehicles(night), `${vehicles(rush)} vehicles a reading, ${vehicles(night)} at night`);
  assert.ok(speed(rush) < speed(night) - 4, `${speed(rush)} km/h, ${speed(night)} at night`);
});

test("arrivals are Poisson: over many ticks their variance is their mean", () => {
  const city = simulator({ seed: 3, intersections: 4 });
  const counts = Array.from({ length: 500 }, (_, day) => city.readings(day * 24 * HOUR + 2 * HOUR)[0].vehicles);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
  // The ratio's standard deviation is about the root of 2 / 500.
  assert.ok(Math.abs(variance / mean - 1) < 0.25, `mean ${mean}, variance ${variance}`);
});

test("a screen is never larger than its terminal, and shows as many windows as fit", () => {
  const window = { start: timeOf(0), end: timeOf(0) + 900_000 };
  const rows = (length: Ranked["length"]): Ranked[] =>
    Array.from({ length: 10 }, (_, i) => ({ length, window, rank: i + 1, intersection: `CV${90 + i}`, speed: 80 - i, readings: 123_456 }));
  const busy = (length: Busy["length"]): Busy => ({ length, window, median: 3, intersections: 100, exceeding: rows(length).map(({ intersection }) => ({ intersection, median: 5 })) });
  const view: View = {
    time: timeOf(9),
    intersections: 10_000,
    speed: 60,
    readings: 123_456_789,
    rate: 123_456,
    late: 0,
    dead: 0,
    data: ".millrace/city",
    ranking: [...rows("15m"), ...rows("1h"), ...rows("24h")],
    busy: [busy("15m"), busy("1h"), busy("24h")],
  };
  for (const [columns, height, windows] of [[80, 24, 3], [200, 50, 3], [50, 30, 2], [20, 5, 1]]) {
    const lines = frame(view, { columns, rows: height }, PLAIN);
    assert.ok(lines.length <= height, `${lines.length} lines of ${height}`);
    for (const line of lines) assert.ok(line.length <= columns, `${line.length} columns of ${columns}: ${line}`);
    const first = lines.find((line) => line.startsWith(" 1 "));
    if (height > 5) assert.equal(first?.match(/CV90/g)?.length, windows);
  }
});

function vehicles(readings: readonly Reading[]): number {
  return readings.reduce((sum, reading) => sum + reading.vehicles, 0) / readings.length;
}

function speed(readings: readonly Reading[]): number {
  const known = readings.flatMap((reading) => reading.speed ?? []);
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}
