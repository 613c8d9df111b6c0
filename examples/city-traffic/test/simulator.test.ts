import assert from "node:assert/strict";
import { test } from "node:test";
import { cityMap, sensorsOf } from "../city-map.ts";
import { dailyProfile } from "../demand.ts";
import { DIRECTIONS, fixedTiming, timingOf, type Direction, type SignalTiming } from "../intersection.ts";
import { emptyTraffic, repair, simulate, TICK, timeOf, type Reading, type Site } from "../simulator.ts";

const HOUR = 3_600_000 / TICK;

test("the same seed gives the same city and readings, in whatever order intersections are simulated; another seed gives others", () => {
  const once = readingsOf(7, 25, 30);
  assert.deepEqual(readingsOf(7, 25, 30), once);
  assert.deepEqual(readingsOf(7, 25, 30, (sites) => sites.toReversed()).sort(byPlace), [...once].sort(byPlace));
  assert.notDeepEqual(readingsOf(8, 25, 30), once);
  assert.equal(new Set(once.map(({ intersection, approach }) => `${intersection} ${approach}`)).size, 100);
});

test("a city of any size has a place and four sensors for each intersection", () => {
  for (const intersections of [10, 1000, 10_000]) {
    const city = cityMap({ seed: 1, intersections });
    assert.equal(new Set(city.map(({ id }) => id)).size, intersections);
    assert.ok(city.every((one) => sensorsOf(one).length === 4 && Math.abs(one.latitude - 56.157) < 0.5 && Math.abs(one.longitude - 10.211) < 0.5));
  }
});

test("more vehicles come in the rush hour than at night, and they are slower", () => {
  const [rush, night] = [2, 19].map((hour) => readingsOf(1, 50, 30, undefined, hour * HOUR));
  assert.ok(meanOf(rush, "vehicles") > 8 * meanOf(night, "vehicles"), `${meanOf(rush, "vehicles")} vehicles a reading, ${meanOf(night, "vehicles")} at night`);
  assert.ok(meanOf(rush, "speed") < meanOf(night, "speed") - 2, `${meanOf(rush, "speed")} km/h, ${meanOf(night, "speed")} at night`);
});

test("speed falls as saturation rises: less green, slower and with longer queues", () => {
  const timings = [[40, 12], [26, 26], [12, 40]].map((greens) => timingOf(60, greens));
  const seen = timings.map((timing) => readingsOf(1, 20, HOUR, undefined, 2 * HOUR, timing).filter(({ approach }) => approach === "north"));
  const [speeds, queues] = (["speed", "queue"] as const).map((field) => seen.map((readings) => meanOf(readings, field)));
  assert.ok(speeds[0] > speeds[1] && speeds[1] > speeds[2], `${speeds.join(", ")} km/h`);
  assert.ok(queues[0] < queues[1] && queues[1] < queues[2], `${queues.join(", ")} waiting`);
});

test("arrivals are Poisson: over many ticks their variance is their mean", () => {
  const [intersection] = cityMap({ seed: 3, intersections: 4 });
  const timing = fixedTiming(intersection);
  const counts = Array.from({ length: 2000 }, (_, tick) => simulate({ seed: 3, time: timeOf(tick), share: 0.5 }, siteOf(intersection, timing), emptyTraffic(timing))[0].vehicles);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
  const { approaches: { north } } = intersection;
  assert.ok(north !== undefined && Math.abs(mean / ((north.peakFlow * 0.5 * TICK) / 3_600_000) - 1) < 0.05, `mean ${mean}`);
  // The ratio's standard deviation is about the root of 2 / 2000.
  assert.ok(Math.abs(variance / mean - 1) < 0.12, `mean ${mean}, variance ${variance}`);
});

test("an approach without a sensor says nothing, and the others say the same as before", () => {
  const [intersection] = cityMap({ seed: 1, intersections: 1 });
  const timing = fixedTiming(intersection);
  const moment = { seed: 1, time: timeOf(0), share: 1 };
  const all = simulate(moment, siteOf(intersection, timing), emptyTraffic(timing));
  const three = simulate(moment, { intersection, timing, sensors: ["north", "south", "west"] }, emptyTraffic(timing));
  assert.deepEqual(three, all.filter(({ approach }) => approach !== "east"));
});

test("lamps break about once in 60 days, stay broken, and work again once repaired", () => {
  const sites = cityMap({ seed: 5, intersections: 100 }).map((intersection) => siteOf(intersection, fixedTiming(intersection)));
  const traffics = sites.map(({ timing }) => emptyTraffic(timing));
  let broken: readonly Reading[] = [];
  for (let tick = 0; tick < 24 * HOUR; tick++) {
    const readings = sites.flatMap((site, i) => simulate({ seed: 5, time: timeOf(tick), share: 0 }, site, traffics[i])).filter((reading) => reading.broken.length > 0);
    assert.ok(readings.length >= broken.length);
    broken = readings;
  }
  // 1,200 lamps: 20 are expected, with a deviation of about 4.5.
  assert.ok(broken.length > 5 && broken.length < 40, `${broken.length} lights have broken lamps`);
  const [{ intersection, approach, broken: [lamp] }] = broken;
  const at = sites.findIndex((site) => site.intersection.id === intersection);
  repair(traffics[at], approach, lamp);
  const next = simulate({ seed: 5, time: timeOf(24 * HOUR), share: 0 }, sites[at], traffics[at]).find((reading) => reading.approach === approach);
  assert.ok(next !== undefined && !next.broken.includes(lamp));
});

function siteOf(intersection: Site["intersection"], timing: SignalTiming): Site {
  return { intersection, timing, sensors: sensorsOf(intersection).map(({ approach }) => approach) };
}

/** Readings of some ticks, under fixed timing unless another is given, as the whole city gives them. */
function readingsOf(
  seed: number,
  intersections: number,
  ticks: number,
  order: (sites: Site[]) => Site[] = (sites) => sites,
  from = 0,
  timing?: SignalTiming,
): Reading[] {
  const sites = order(cityMap({ seed, intersections }).map((one) => siteOf(one, timing ?? fixedTiming(one))));
  const traffics = sites.map((site) => emptyTraffic(site.timing));
  return Array.from({ length: ticks }, (_, i) => timeOf(from + i)).flatMap((time) =>
    sites.flatMap((site, at) => simulate({ seed, time, share: dailyProfile(time) }, site, traffics[at])),
  );
}

function byPlace(a: Reading, b: Reading): number {
  return a.time - b.time || (a.intersection < b.intersection ? -1 : a.intersection > b.intersection ? 1 : index(a.approach) - index(b.approach));
}

function index(direction: Direction): number {
  return DIRECTIONS.indexOf(direction);
}

function meanOf(readings: readonly Reading[], field: "vehicles" | "speed" | "queue"): number {
  const known = readings.flatMap((reading) => reading[field] ?? []);
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}
