import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { MillraceError } from "../../src/errors.ts";
import { topic, type Topic, type TopicOptions } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { valuesOf } from "./support.ts";

const clock = systemClock();
const out = topic<number>("out");

interface Gated {
  readonly runtime: Runtime;
  readonly numbers: Topic<number>;
  /** Lets the workflow go on. */
  open(): void;
}

/** A workflow that takes in a step's atoms and then waits. */
async function gated(options: TopicOptions<number>, maxWaiting: number): Promise<Gated> {
  const numbers = topic<number>("numbers", options);
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const waiting = workflow("w", (flow) =>
    flow
      .from(numbers)
      .mapAsync(async (n) => {
        await gate;
        return n;
      })
      .to(out),
  );
  return { runtime: await Runtime.start({ workflows: [waiting], clock, ledger: createMemoryLedger(), maxWaiting }), numbers, open };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

test("append waits while the slowest reader is too far behind, and goes on when it has read", { timeout: 20_000 }, async () => {
  const { runtime, numbers, open } = await gated({}, 100);
  let appended = 0;
  const all = (async () => {
    for (let i = 0; i < 100; i++) {
      await runtime.append(numbers, Array.from({ length: 10 }, (_, n) => i * 10 + n));
      appended += 10;
    }
  })();
  await turns();
  assert.equal(appended, 100);
  assert.ok(runtime.isBehind("numbers"));
  open();
  await all;
  for (let tries = 0; tries < 500 && (await valuesOf(runtime, "out")).length < 1000; tries++) await turns();
  assert.deepEqual(await valuesOf(runtime, "out"), Array.from({ length: 1000 }, (_, n) => n));
  assert.ok(!runtime.isBehind("numbers"));
  await runtime.stop();
});

test("appends that come at once are let in one after another, and those that wait are told of a stop", { timeout: 20_000 }, async () => {
  const { runtime, numbers, open } = await gated({}, 10);
  const outcomes = Array.from({ length: 30 }, (_, n) =>
    runtime.append(numbers, [n]).then(
      () => "appended",
      (error: unknown) => (error instanceof MillraceError ? error.code : "?"),
    ),
  );
  await turns();
  open();
  const stopped = runtime.stop();
  const told = await Promise.all(outcomes);
  await stopped;
  assert.deepEqual(told.slice(0, 10), Array.from({ length: 10 }, () => "appended"));
  assert.ok(told.every((one) => one === "appended" || one === "MILLRACE_STOPPED"), told.join());
});

test("an append to a topic that nothing reads never waits", async () => {
  const { runtime, open } = await gated({}, 10);
  for (let i = 0; i < 10; i++) await runtime.append(topic<number>("other"), Array.from({ length: 10 }, () => i));
  open();
  await runtime.stop();
});

test("retention keeps what a reader has yet to read", { timeout: 20_000 }, async () => {
  const { runtime, numbers, open } = await gated({ retention: { bytes: 100 } }, Infinity);
  for (let i = 0; i < 100; i++) await runtime.append(numbers, [i]);
  open();
  for (let tries = 0; tries < 500 && (await valuesOf(runtime, "out")).length < 100; tries++) await turns();
  assert.deepEqual(await valuesOf(runtime, "out"), Array.from({ length: 100 }, (_, n) => n));
  await runtime.append(numbers, [100]);
  assert.ok((await valuesOf(runtime, "numbers")).length < 50, "what was read goes");
  await runtime.stop();
});

test("retention that may drop what was not read stops the reader with a code", { timeout: 20_000 }, async () => {
  const { runtime, numbers, open } = await gated({ retention: { bytes: 100, unread: "drop" } }, Infinity);
  for (let i = 0; i < 100; i++) await runtime.append(numbers, [i]);
  open();
  await assert.rejects(runtime.finished, (error) => error instanceof MillraceError && error.code === "MILLRACE_POSITION_LOST");
  await runtime.stop();
});
