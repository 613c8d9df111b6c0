import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { count, fields, sum, topic, tumbling, workflow, type Topic, type Workflow } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { fileSource } from "@millrace/drivers/files";
import { aarhus } from "../cli/support.ts";
import { realData } from "../support/data.ts";
import type { Way } from "./runs.ts";

const week = realData("traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz");
const summary = realData("answers/dev/traffic_2014-08-04/traffic_summary.json");
const skip = week.skip || summary.skip;

const READINGS = 827_265;
const observations = topic("observations", { schema: fields({ REPORT_ID: "integer", TIMESTAMP: "timestamp", _id: "integer" }) });
const late = topic<{ readonly size: number; readonly id: number }>("late");
const totals = topic<{ readonly size: number; readonly readings: number }>("totals");

let folder = "";
/** The same week packed (one lane reads it) and plain (every partition reads a part of it). */
let plain = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  plain = join(folder, "week.csv");
  if (skip === false) writeFileSync(plain, gunzipSync(readFileSync(week.path)));
});

after(() => rmSync(folder, { recursive: true, force: true }));

for (const bound of [0, 300, 600, 900]) {
  test(`the late readings of the real week with a bound of ${bound} s are those of the reference, under every cut`, { skip }, async () => {
    const { late_records: reference } = JSON.parse(readFileSync(summary.path, "utf8")) as { late_records: Record<string, number> };
    const expected = [300, 3600].map((size) => reference[`window_${size}s_bound_${bound}s`]);
    const whole = await lateOf(bound, week.path, { cut: "none", instances: 1 });
    assert.deepEqual(whole.counts, expected);
    const others: readonly Way[] = bound === 0 ? [{ cut: "shuffle", instances: 4 }, { cut: "every", instances: 2 }] : [{ cut: "shuffle", instances: 2 }];
    for (const way of others) assert.deepEqual(await lateOf(bound, plain, way), whole, `${way.cut}/${way.instances}`);
  });
}

/** How many readings came late for windows of 300 s and 3600 s, and which; all others are in a window. */
async function lateOf(bound: number, path: string, way: Way): Promise<{ readonly counts: readonly number[]; readonly ids: readonly string[] }> {
  const counting = workflow("counting", (flow) => {
    const all = flow.from(observations, { time: (o) => o.TIMESTAMP, outOfOrderness: bound * 1000 });
    for (const size of [300, 3600]) {
      const windows = all.keyBy((o) => o.REPORT_ID).window(tumbling(size * 1000)).aggregate({ n: count() });
      windows.late.map((o) => ({ size, id: o._id })).to(late);
      windows.perWindow().aggregate({ readings: sum((row) => row.n) }).map(({ readings }) => ({ size, readings })).to(totals);
    }
  });
  const runtime = await Runtime.start({
    workflows: [counting],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    ...way,
    sources: { observations: fileSource({ name: "observations", path, schema: observations.schema! }) },
  });
  await runtime.finished;
  const ids: string[] = [];
  const counts = new Map([[300, 0], [3600, 0]]);
  const kept = new Map([[300, 0], [3600, 0]]);
  for await (const { value } of runtime.read(late.name)) {
    const { size, id } = value as { size: number; id: number };
    counts.set(size, (counts.get(size) ?? 0) + 1);
    ids.push(`${size}/${id}`);
  }
  for await (const { value } of runtime.read(totals.name)) {
    const { size, readings } = value as { size: number; readings: number };
    kept.set(size, (kept.get(size) ?? 0) + readings);
  }
  await runtime.stop();
  for (const [size, n] of kept) assert.equal(n + (counts.get(size) ?? 0), READINGS, `readings in windows of ${size} s and late ones`);
  return { counts: [...counts.values()], ids: ids.sort() };
}

test("the city's rankings and exact medians are the same uncut and cut everywhere", { skip }, async () => {
  const whole = await citysAnswers({ cut: "none", instances: 1 }, week.path);
  assert.deepEqual(whole.map((lines) => lines.length), [168 * 10, 168]);
  assert.deepEqual(await citysAnswers({ cut: "every", instances: 2 }, plain), whole);
});

/** What the example exports. */
interface CityTraffic {
  readonly aarhus: Workflow;
  readonly observations: Topic<unknown>;
  readonly ranking: Topic<unknown>;
  readonly busyExact: Topic<unknown>;
}

async function citysAnswers(way: Way, path: string): Promise<readonly (readonly string[])[]> {
  const city = (await import(pathToFileURL(aarhus).href)) as CityTraffic;
  const source = fileSource({ name: "observations", path, schema: city.observations.schema! });
  const runtime = await Runtime.start({ workflows: [city.aarhus], ledger: createMemoryLedger(), clock: systemClock(), ...way, sources: { observations: source } });
  await runtime.finished;
  const answers: string[][] = [];
  for (const { name } of [city.ranking, city.busyExact]) {
    const lines: string[] = [];
    for await (const { value } of runtime.read(name)) lines.push(JSON.stringify(value));
    answers.push(lines.sort());
  }
  await runtime.stop();
  return answers;
}
