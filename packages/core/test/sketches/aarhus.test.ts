import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ValueHistogram } from "../../src/sketches/histogram.ts";
import { TDigest } from "../../src/sketches/t-digest.ts";
import { rankError } from "./samples.ts";

const DATA = resolve(process.env["MILLRACE_DATA"] ?? join(import.meta.dirname, "../../../../../shared/data"));
const WEEK = join(DATA, "traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz");
const ANSWERS = join(DATA, "answers/dev/traffic_2014-08-04/traffic_median_exceeds_global_per_hour.csv");
const missing = existsSync(WEEK) && existsSync(ANSWERS) ? false : `MISSING REAL DATA: set MILLRACE_DATA (looked in ${DATA})`;

test("vehicle counts of a real week, per detector and hour, merged: medians are the reference's", { skip: missing }, () => {
  const hours = readWeek();
  const expected = readFileSync(ANSWERS, "utf8").trim().split("\n").slice(1).map((line) => line.split(","));
  let sketched = 0;
  for (const [start, globalMedian, detectors, exceeding] of expected) {
    const byDetector = hours.get(start.slice(0, 13));
    assert.ok(byDetector !== undefined, start);
    const histogram = new ValueHistogram();
    const digest = new TDigest();
    const distinct = new TDigest();
    const distinctValues: number[] = [];
    let above = 0;
    for (const counts of byDetector.values()) {
      const [own, ownDigest, ownDistinct] = [new ValueHistogram(), new TDigest(), new TDigest()];
      for (const count of counts) {
        own.add(count);
        ownDigest.add(count);
        ownDistinct.add(count + distinctValues.length * 1e-6);
        distinctValues.push(count + distinctValues.length * 1e-6);
      }
      assert.equal(own.median(), ownDigest.median());
      histogram.merge(own);
      digest.merge(ownDigest);
      distinct.merge(ownDistinct);
      if (own.median() > Number(globalMedian)) above++;
    }
    assert.equal(byDetector.size, Number(detectors));
    assert.equal(histogram.median(), Number(globalMedian));
    assert.equal(above, Number(exceeding));
    assert.equal(digest.median(), histogram.median());
    if (!distinct.exact) sketched++;
    assert.ok(rankError(Float64Array.from(distinctValues).sort(), distinct.median(), 0.5) < 0.01, start);
  }
  assert.ok(sketched > 100, `${sketched} of ${expected.length} hours left the exact range`);
});

/** Vehicle counts by hour of event time ("2014-08-04T00"), then by detector. */
function readWeek(): Map<string, Map<string, number[]>> {
  const hours = new Map<string, Map<string, number[]>>();
  const lines = gunzipSync(readFileSync(WEEK)).toString("utf8").trim().split("\n");
  const names = lines[0].trim().split(",");
  const [time, count, detector] = ["TIMESTAMP", "vehicleCount", "REPORT_ID"].map((name) => names.indexOf(name));
  for (const line of lines.slice(1)) {
    const fields = line.trim().split(",");
    const hour = fields[time].slice(0, 13);
    let detectors = hours.get(hour);
    if (detectors === undefined) hours.set(hour, (detectors = new Map()));
    const counts = detectors.get(fields[detector]);
    if (counts === undefined) detectors.set(fields[detector], [Number(fields[count])]);
    else counts.push(Number(fields[count]));
  }
  return hours;
}
