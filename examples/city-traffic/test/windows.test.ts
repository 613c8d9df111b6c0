import assert from "node:assert/strict";
import { test } from "node:test";
import { harness } from "millrace/testing";
import { busy } from "../busy.ts";
import { busyIntersections, LENGTHS, rankings, type Length } from "../model.ts";
import { ranking } from "../ranking.ts";
import { timeOf, type Reading } from "../simulator.ts";
import { feed, given } from "./feed.ts";
import { readingsOfCity, TICKS_A_DAY } from "./seeded-day.ts";

const SIZES: Readonly<Record<Length, number>> = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000 };

test("rankings and busy intersections of a seeded day are those that plain code finds, window by window", async (t) => {
  const h = await harness([feed, ranking, busy]);
  t.after(() => h.stop());
  const day: Reading[] = [];
  const waiting: Reading[] = [];
  let tick = 0;
  // The city begins at six in the morning, so that a whole day from midnight needs 42 hours; the last tick closes it.
  for (const tickReadings of readingsOfCity(2, 12, 1.75 * TICKS_A_DAY + 1)) {
    waiting.push(...tickReadings);
    if (++tick % 101 !== 0 && tick !== 1.75 * TICKS_A_DAY + 1) continue;
    day.push(...waiting);
    await h.push(given, ...waiting.splice(0));
    if (tick % 1111 !== 0 && tick !== 1.75 * TICKS_A_DAY + 1) continue;
    const now = timeOf(tick - 1);
    for (const length of LENGTHS) {
      const end = Math.floor(now / SIZES[length]) * SIZES[length];
      const inWindow = day.filter(({ time }) => time >= end - SIZES[length] && time < end);
      if (inWindow.length === 0) continue;
      const found = h.rows(rankings).filter((row) => row.length === length && row.window.end === end);
      assert.deepEqual(
        found.map(({ rank, intersection, readings: count }) => [rank, intersection, count]),
        fastest(inWindow).map(({ intersection, count }, i) => [i + 1, intersection, count]),
        `${length} to ${new Date(end).toISOString()}`,
      );
      for (const [i, { speed }] of fastest(inWindow).entries()) assert.ok(Math.abs(found[i].speed - speed) < 1e-9);
      const row = h.rows(busyIntersections).find((one) => one.length === length && one.window.end === end);
      assert.ok(row !== undefined && row.intersections === 12);
      assertMedian(row.median, inWindow);
      const medians = new Map(row.exceeding.map(({ intersection, median }) => [intersection, median]));
      for (const [intersection, of] of Map.groupBy(inWindow, (reading) => reading.intersection)) {
        const median = medians.get(intersection);
        if (median !== undefined) assertMedian(median, of);
        // An intersection well above or below the city's median is told so, whatever a digest interpolates.
        const exact = medianOf(of);
        if (exact > medianOf(inWindow) + 1) assert.ok(median !== undefined, `${intersection} is busier than the city`);
        if (exact < medianOf(inWindow) - 1) assert.ok(median === undefined, `${intersection} is not busier than the city`);
      }
      assert.deepEqual(row.exceeding.map(({ median }) => median), row.exceeding.map(({ median }) => median).toSorted((a, b) => b - a));
    }
  }
});

test("open windows are shown while they fill, and a ranking of partitions is the ranking of the whole", async (t) => {
  const [one, four] = await Promise.all([harness([feed, ranking]), harness([feed, ranking], { partitions: 4, cut: "shuffle" })]);
  t.after(() => Promise.all([one.stop(), four.stop()]));
  const fill = async (h: typeof one): Promise<void> => {
    for (const tickReadings of readingsOfCity(3, 30, 10)) await h.push(given, ...tickReadings);
    await h.advance("2s");
  };
  await fill(one);
  await fill(four);
  assert.equal(one.rows(rankings).length, 30, "ten of each length, none of them final");
  assert.deepEqual(four.rows(rankings), one.rows(rankings));
});

function fastest(of: readonly Reading[]): { readonly intersection: string; readonly speed: number; readonly count: number }[] {
  const means = [...Map.groupBy(of, ({ intersection }) => intersection)].map(([intersection, readingsOf]) => {
    const speeds = readingsOf.flatMap(({ speed }) => speed ?? []);
    return { intersection, speed: speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length, count: readingsOf.length };
  });
  return means.sort((a, b) => b.speed - a.speed || (a.intersection < b.intersection ? -1 : 1)).slice(0, 10);
}

function medianOf(of: readonly Reading[]): number {
  const counts = of.map(({ vehicles }) => vehicles).sort((a, b) => a - b);
  return (counts[(counts.length - 1) >> 1] + counts[counts.length >> 1]) / 2;
}

/** The rank of a digest's median lies within 1% of one half, or it lies between two counts of which the median is one. */
function assertMedian(median: number, of: readonly Reading[]): void {
  const below = of.filter(({ vehicles }) => vehicles < median).length / of.length;
  const notAbove = of.filter(({ vehicles }) => vehicles <= median).length / of.length;
  assert.ok(below <= 0.51 && notAbove >= 0.49 || Math.abs(median - medianOf(of)) < 1, `${median} is no median: ${below} are below, ${notAbove} are not above`);
}
