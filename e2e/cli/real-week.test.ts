import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { realData } from "../support/data.ts";
import { aarhus, millrace, readRows, reportOf, temporaryFolder } from "./support.ts";
import { exactHours, exceeding, rankOf, readWeek, type Hour } from "./traffic-reference.ts";

const week = realData("traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz");
const answers = realData("answers/dev/traffic_2014-08-04");
const skip = week.skip || answers.skip;

interface Ranked {
  readonly window: { readonly start: string; readonly end: string };
  readonly rank: number;
  readonly key: number;
  readonly value: number;
  readonly count: number;
}

interface Busy {
  readonly window: { readonly start: string; readonly end: string };
  readonly globalMedian: number;
  readonly detectors: number;
  readonly exceeding: readonly number[];
}

let csv = "";
let hours: readonly Hour[] = [];

before(() => {
  if (skip !== false) return;
  csv = readWeek(week.path);
  hours = exactHours(csv);
});

test("the real week, compressed, gives the reference answers", { skip }, async (t) => {
  await checkWeek(t, week.path, [], 827_265);
});

test("the real week in plain CSV with every hundredth row repeated gives the same answers", { skip }, async (t) => {
  const path = join(temporaryFolder(t), "repeated.csv");
  const lines = csv.trimEnd().split("\n");
  writeFileSync(path, `${lines.flatMap((line, i) => (i > 0 && i % 100 === 0 ? [line, line] : [line])).join("\n")}\n`);
  await checkWeek(t, path, [], 827_265 + 8272);
});

test("two instances with a cut at every shuffle give the same answers", { skip }, async (t) => {
  const path = join(temporaryFolder(t), "week.csv");
  writeFileSync(path, csv);
  await checkWeek(t, path, ["--instances", "2"], 827_265);
});

async function checkWeek(t: TestContext, path: string, options: readonly string[], atoms: number): Promise<void> {
  const folder = temporaryFolder(t);
  const out = (name: string): string => join(folder, `${name}.ndjson`);
  const outputs = ["ranking", "busy", "busyExact"].flatMap((name) => ["--out", `${name}=${out(name)}`]);
  const ended = await millrace(["run", aarhus, "--in", `observations=${path}`, ...outputs, "--report", "json", ...options]);
  assert.equal(ended.code, 0, ended.stderr);
  const report = reportOf(ended);
  t.diagnostic(`${report.atomsPerSecond} readings/s, peak memory ${Math.round(report.peakMemoryBytes / 1e6)} MB, first result after ${report.startToFirstResultMs} ms`);
  assert.equal(report.atomsIn, atoms);
  assert.equal(report.late, 0);
  assert.equal(report.dead, 0);
  checkRanking(readRows<Ranked>(out("ranking")));
  checkExact(readRows<Busy>(out("busyExact")));
  checkDigest(readRows<Busy>(out("busy")));
}

function checkRanking(rows: readonly Ranked[]): void {
  const expected = table("traffic_top10_mean_speed_per_hour.csv");
  assert.equal(rows.length, expected.length);
  for (const [i, { window, rank, key, value, count }] of rows.entries()) {
    const [start, wantedRank, wantedKey, mean, readings] = expected[i] as string[];
    assert.deepEqual([window.start, rank, key, count], [`${start}.000Z`, Number(wantedRank), Number(wantedKey), Number(readings)]);
    assert.ok(Math.abs(value - Number(mean)) <= 1e-6, `${start}, rank ${rank}: mean ${value}, not ${mean}`);
  }
}

function checkExact(rows: readonly Busy[]): void {
  const expected = table("traffic_median_exceeds_global_per_hour.csv");
  assert.equal(rows.length, expected.length);
  for (const [i, { window, globalMedian, detectors, exceeding: keys }] of rows.entries()) {
    const [start, median, count, above] = expected[i] as string[];
    assert.deepEqual([window.start, globalMedian, detectors, keys.length], [`${start}.000Z`, Number(median), Number(count), Number(above)]);
    assert.deepEqual(keys, exceeding(hours[i], globalMedian), `detectors of ${start}`);
  }
  const lists = JSON.parse(readFileSync(join(answers.path, "traffic_median_exceeds_global_lists.json"), "utf8")) as Record<string, { exceeding: number[] }>;
  for (const [start, list] of Object.entries(lists)) {
    assert.deepEqual(rows.find(({ window }) => window.start === `${start}.000Z`)?.exceeding, list.exceeding);
  }
}

function checkDigest(rows: readonly Busy[]): void {
  assert.equal(rows.length, hours.length);
  for (const [i, { window, globalMedian, detectors, exceeding: keys }] of rows.entries()) {
    const hour = hours[i];
    assert.deepEqual([window.start, detectors], [hour.start, hour.medians.size]);
    const { below, notAbove } = rankOf(hour, globalMedian);
    assert.ok(below <= 0.51 && notAbove >= 0.49, `${window.start}: the median ${globalMedian} lies between the shares ${below} and ${notAbove}`);
    assert.deepEqual(keys, exceeding(hour, globalMedian), `detectors of ${window.start}`);
  }
}

function table(name: string): readonly (readonly string[])[] {
  return readFileSync(join(answers.path, name), "utf8").trimEnd().split("\n").slice(1).map((line) => line.trim().split(","));
}
