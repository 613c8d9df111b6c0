import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { collection, count, fields, generator, mean, start, topic, tumbling, workflow, type App } from "millrace";

interface Reading {
  readonly sensor: string;
  readonly value: number;
  readonly at: number;
}
interface Hour {
  readonly sensor: string;
  readonly mean: number;
  readonly count: number;
}

const readings = topic("readings", { schema: fields({ sensor: "string", value: "number", at: "timestamp" }) });
const hours = topic<Hour>("hours");
const latest = collection<Hour>("latest", { key: (row) => row.sensor });

const hourly = workflow("hourly", (flow) => {
  const rows = flow
    .from(readings, { time: (reading) => reading.at })
    .keyBy((reading) => reading.sensor)
    .window(tumbling("1h"))
    .aggregate({ mean: mean((reading) => reading.value), count: count() })
    .map((row) => ({ sensor: row.key, mean: row.mean, count: row.count }));
  rows.to(hours);
  rows.to(latest);
});

const HOUR = 3_600_000;
const reading = (sensor: string, value: number, at: number): Reading => ({ sensor, value, at });

test("atoms that are appended come out as rows of topics and collections, with their types", async () => {
  await using app = await start([hourly]);
  const seen: (readonly [unknown, Hour | undefined])[] = [];
  app.collection(latest).subscribe((changes) => seen.push(...changes.map(({ key, row }) => [key, row] as const)));
  await app.topic(readings).append([reading("a", 1, 0), reading("a", 3, 10), reading("b", 5, 20), reading("a", 0, 2 * HOUR)]);
  await until(() => app.collection(latest).rows().length === 2);
  const row: Hour | undefined = app.collection(latest).get("a");
  assert.deepEqual(row, { sensor: "a", mean: 2, count: 2 });
  assert.equal(app.collection(latest).get("c"), undefined);
  const all: Hour[] = [];
  for await (const hour of app.topic(hours).read()) all.push(hour);
  assert.deepEqual(all.sort((x, y) => (x.sensor < y.sensor ? -1 : 1)), [{ sensor: "a", mean: 2, count: 2 }, { sensor: "b", mean: 5, count: 1 }]);
  assert.deepEqual(new Map(seen), new Map(all.map((hour) => [hour.sensor, hour])));
  const { atomsIn, atomsOut, late, dead } = await app.metrics();
  assert.deepEqual([atomsIn, atomsOut, late, dead], [4, 2, 0, 0]);
});

test("an app with a data folder goes on where it was stopped", async (t) => {
  const data = folderOf(t);
  const first = await start(hourly, { data });
  await first.topic(readings).append([reading("a", 1, 0)]);
  await first.stop();
  const second = await start(hourly, { data });
  await second.topic(readings).append([reading("a", 3, 10), reading("a", 0, 2 * HOUR)]);
  await until(() => second.collection(latest).get("a") !== undefined);
  assert.deepEqual(second.collection(latest).get("a"), { sensor: "a", mean: 2, count: 2 });
  await second.stop();
  const third = await start(hourly, { data });
  assert.deepEqual(third.collection(latest).rows(), [{ sensor: "a", mean: 2, count: 2 }]);
  await third.stop();
});

test("a value that does not match the schema is refused, and nothing of its batch is appended", async () => {
  await using app = await start(hourly);
  const bad = { sensor: "a", value: "much", at: 0 } as unknown as Reading;
  await assert.rejects(app.topic(readings).append([reading("a", 1, 0), bad]), { code: "MILLRACE_SCHEMA" });
  const all: Reading[] = [];
  for await (const one of app.topic(readings).read()) all.push(one);
  assert.deepEqual(all, []);
});

test("inputs are a file or a generator; bounded ones finish", async (t) => {
  const path = join(folderOf(t), "readings.ndjson");
  writeFileSync(path, [reading("a", 1, 0), reading("a", 3, 10)].map((one) => JSON.stringify(one)).join("\n"));
  const made = generator({ chunk: (index) => (index < 2 ? [reading("a", 1 + 2 * index, 10 * index)] : undefined) });
  for (const input of [path, made]) {
    await using app: App = await start(hourly, { inputs: { readings: input } });
    await app.finished;
    assert.deepEqual(app.collection(latest).rows(), [{ sensor: "a", mean: 2, count: 2 }]);
    await assert.rejects(app.topic(readings).append([reading("a", 1, 0)]), { code: "MILLRACE_USAGE" });
  }
});

test("what does not belong to the app is refused by name", async (t) => {
  await assert.rejects(start([]), { code: "MILLRACE_USAGE" });
  await assert.rejects(start(hourly, { inputs: { reading: "x.ndjson" } }), { code: "MILLRACE_USAGE", message: /inputs\.reading: no workflow reads such a topic, only readings/ });
  const data = folderOf(t);
  const app = await start(hourly, { data });
  assert.throws(() => app.topic(topic("other")), { code: "MILLRACE_NOT_FOUND" });
  assert.throws(() => app.collection(collection("other", { key: () => 1 })), { code: "MILLRACE_NOT_FOUND" });
  await assert.rejects(start(hourly, { data }), { code: "MILLRACE_STORE_LOCKED" });
  await app.stop();
  await app.stop();
  await assert.rejects(app.topic(readings).append([reading("a", 1, 0)]), { code: "MILLRACE_STOPPED" });
});

test("options and atoms that cannot be meant are refused with what may be", async () => {
  const misspelt: object = { datas: "./data" };
  await assert.rejects(start(hourly, misspelt), { code: "MILLRACE_USAGE", message: /start: has no option datas; did you mean data\?/ });
  await using app = await start(hourly);
  const one: unknown = reading("a", 1, 0);
  await assert.rejects(app.topic(readings).append(one as []), { code: "MILLRACE_USAGE", message: /append got an object that is no array.*append\(\[atom\]\)/ });
});

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    assert.ok(waited < 5000, "it did not happen within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("two workflows of one name are refused", async () => {
  const numbers = topic<number>("numbers");
  const twin = () => workflow("twin", (flow) => flow.from(numbers).to(topic("out")));
  await assert.rejects(start([twin(), twin()]), { code: "MILLRACE_GRAPH" });
});
