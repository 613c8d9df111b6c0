import assert from "node:assert/strict";
import { test } from "node:test";
import { collection, topic, type Topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { count, mean } from "../../src/operators/aggregates/numeric.ts";
import type { KeyedStream, Stream } from "../../src/streams/stream.ts";
import { workflow, type Flow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/index.ts";
import type { Duration } from "../../src/time/duration.ts";

/*
 * What a program says when it is written without types, or against them: `wrong` stands for a value
 * that the compiler would have refused.
 */

interface Reading {
  readonly road: string;
  readonly speed: number;
}

const readings = topic<Reading>("readings");
const out = topic("out");

function wrong<T>(value: unknown): T {
  return value as T;
}

function refused(build: (stream: Stream<Reading>, flow: Flow) => unknown, said: RegExp): void {
  const make = (): unknown => workflow("w", (flow) => build(flow.from(readings), flow));
  assert.throws(make, (error: Error & { code?: string }) => error.code === "MILLRACE_USAGE" && (assert.match(error.message, said), true));
}

test("a join with a stream that has no key says to give it one", () => {
  refused((s, flow) => s.keyBy((v) => v.road).join(wrong<KeyedStream<Reading, string>>(flow.from(readings))), /workflow w: join: the other stream has no key.*keyBy/);
});

test("an async function where a result is wanted at once is refused with what to use", () => {
  refused((s) => s.map(async (v) => v).to(out), /workflow w: map: got an async function.*mapAsync/);
  refused((s) => s.filter(wrong(async () => true)).to(out), /filter: got an async function/);
  refused((s) => s.flatMap(wrong(async () => [])).to(out), /flat-map, flatMap: got an async function/);
  refused((s) => s.keyBy(wrong(async () => 1)), /key-by, key: got an async function/);
  refused((s) => s.branch({ fast: wrong(async () => true) }), /branch fast: got an async function/);
  refused((s) => s.keyBy((v) => v.road).reduce(wrong(async (a: Reading) => a)), /reduce: got an async function/);
  refused((s) => s.keyBy((v) => v.road).process({ onElement: wrong(async () => undefined) }), /process, onElement: got an async function/);
  refused((_s, flow) => flow.from(readings, { time: wrong(async () => 1) }), /source, time: got an async function/);
});

test("a promise from a function that is not async becomes a dead letter that names mapAsync, for topics with and without a type", async () => {
  const typed = topic<Reading>("typed");
  const promised = workflow("promised", (flow) => {
    const stream = flow.from(readings).map((v) => Promise.resolve(v));
    stream.to(out);
    stream.map((v) => wrong<Reading>(v)).to(typed);
  });
  const h = await harness(promised);
  await h.push(readings, { road: "a", speed: 1 });
  const dead = await h.values<{ reason: string }>("readings.dead");
  assert.equal(dead.length, 2);
  for (const { reason } of dead) assert.match(reason, /a promise, whose result only mapAsync waits for, cannot be stored or sent/);
  await h.stop();
});

test("what is no topic, function or option is told with what to write", () => {
  refused((_s, flow) => flow.from(wrong<Topic<Reading>>("readings")), /from: got the text "readings"; give it a topic: topic\("NAME"/);
  refused((s) => s.to(wrong("out")), /to: got the text "out"; give it a topic\("NAME"\), a collection/);
  refused((s) => s.to(wrong(undefined)), /to: got undefined/);
  refused((s) => s.keyBy(wrong("road")), /key-by, key: got the text "road"; give it a function, such as \(value\) => value\.FIELD/);
  refused((_s, flow) => flow.from(readings, wrong({ outOfOrdernes: "1m" })), /from readings: has no option outOfOrdernes; did you mean outOfOrderness\?/);
  refused((s) => s.window(tumbling("1m"), wrong({ latenes: "1m" })).aggregate({ speed: mean((v) => v.speed) }), /window: has no option latenes; did you mean lateness\?/);
  assert.throws(() => topic("t", wrong<{}>({ shema: {} })), /topic t: has no option shema; did you mean schema\?/);
  assert.throws(() => collection("c", wrong<{ key: () => number }>({ idd: 1 })), /collection c: has no option idd; there are: key, deleted, schema/);
  assert.throws(() => collection("c", wrong<{ key: () => number }>({})), /collection c: key: got undefined; give it a function/);
});

test("windows, aggregates and workflows of other kinds are told with what to write", () => {
  refused((s) => s.window(wrong("15m")), /window: got the text "15m"; give it tumbling\("15m"\)/);
  refused((s) => s.window(tumbling("1m")).aggregate({ cars: wrong<ReturnType<typeof count>>(count) }), /aggregate cars: got a function; call it, as in count\(\)/);
  refused((s) => s.window(tumbling("1m")).aggregate({ speed: mean(wrong<(v: Reading) => number>("speed")) }), /aggregate speed: got the text "speed"; give it a function/);
  refused((s) => s.window(tumbling("1m")).aggregate({ own: wrong<ReturnType<typeof count>>({ init: () => 0 }) }), /aggregate own: add: got undefined/);
  assert.throws(() => workflow(wrong(() => undefined), wrong(undefined)), /workflow: got a function and undefined; give it a name and a function/);
});

test("the harness refuses names and options that there are not", async () => {
  const h = await harness(workflow("w", (flow) => flow.from(readings).to(out)));
  await assert.rejects(h.values("outt"), { code: "MILLRACE_NOT_FOUND", message: /harness, topic outt: no workflow under test has it; did you mean out\?/ });
  await assert.rejects(h.values(topic("elsewhere")), /there are: readings, readings\.dead, out/);
  assert.deepEqual(await h.values("readings.dead"), []);
  assert.throws(() => h.rows(collection("rows", { key: () => 1 })), { code: "MILLRACE_NOT_FOUND" });
  await h.stop();
  await assert.rejects(harness([], wrong({ partition: 2 })), /harness: has no option partition; did you mean partitions\?/);
});

test("durations are checked by the compiler", () => {
  const good: readonly Duration[] = [5, "250ms", "90s", "15m", "1h30m", "2d", "1d2h3m", "1.5h"];
  assert.equal(good.length, 8);
  // @ts-expect-error a unit is written without a space, by its letter
  const spaced: Duration = "15 minutes";
  // @ts-expect-error there is no such unit
  const unknown: Duration = "15mn";
  // @ts-expect-error a number of text has a unit
  const bare: Duration = "15";
  for (const text of [spaced, unknown, bare]) assert.throws(() => tumbling(text), /is not a duration/);
});
