import assert from "node:assert/strict";
import { test } from "node:test";
import type { Busy, Ranked } from "../model.ts";
import { frame, plainLine, PLAIN } from "../screen.ts";
import { timeOf } from "../simulator.ts";
import type { View } from "../view.ts";

const window = { start: timeOf(0), end: timeOf(0) + 900_000 };

test("a screen is never larger than its terminal, and shows as many windows as fit", () => {
  const view = viewOf();
  for (const [columns, height, windows] of [[80, 24, 3], [200, 50, 3], [50, 30, 2], [20, 5, 1]]) {
    const lines = frame(view, { columns, rows: height }, PLAIN);
    assert.ok(lines.length <= height, `${lines.length} lines of ${height}`);
    for (const line of lines) assert.ok(line.length <= columns, `${line.length} columns of ${columns}: ${line}`);
    const first = lines.find((line) => line.startsWith(" 1 "));
    if (height > 5) assert.equal(first?.match(/CV90/g)?.length, windows);
  }
});

test("it says what control is worth in the last whole quarter, and which lamps are broken", () => {
  const lines = frame(viewOf(), { columns: 100, rows: 40 }, PLAIN).join("\n");
  assert.match(lines, /A vehicle stood 9\.0 s, under fixed timing 12\.0 s, 25% less \(06:00 to 06:15\)/);
  assert.match(lines, /1 broken lamp: B2 north amber/);
  assert.match(plainLine(viewOf()), /delay 9\.0 s, fixed 12\.0 s \| 1 broken lamp/);
  const early = frame({ ...viewOf(), delays: [], alarms: [] }, { columns: 100, rows: 40 }, PLAIN).join("\n");
  assert.match(early, /fixed timing until there is a quarter[^]*No broken lamps/);
});

function viewOf(): View {
  const rows = (length: Ranked["length"]): Ranked[] =>
    Array.from({ length: 10 }, (_, i) => ({ length, window, rank: i + 1, intersection: `CV${90 + i}`, speed: 80 - i, readings: 123_456 }));
  const busy = (length: Busy["length"]): Busy => ({ length, window, median: 3, intersections: 100, exceeding: rows(length).map(({ intersection }) => ({ intersection, median: 5 })) });
  return {
    time: window.end + 20_000,
    intersections: 10_000,
    speed: 60,
    readings: 123_456_789,
    rate: 123_456,
    late: 0,
    dead: 0,
    data: ".millrace/city",
    ranking: [...rows("15m"), ...rows("1h"), ...rows("24h")],
    busy: [busy("15m"), busy("1h"), busy("24h")],
    delays: [
      { window, vehicles: 100, controlled: 9, fixed: 12 },
      { window: { start: window.end, end: window.end + 900_000 }, vehicles: 1, controlled: 1, fixed: 1 },
    ],
    alarms: [{ intersection: "B2", approach: "north", lamp: "amber", latitude: 56, longitude: 10, since: window.start }],
  };
}
