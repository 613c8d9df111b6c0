import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchBuilder } from "../../../src/operators/batches.ts";
import type { MapAsyncNode } from "../../../src/graph/nodes.ts";
import type { Call } from "../../../src/operators/map-async/call.ts";
import { MapAsyncOperator } from "../../../src/operators/map-async/map-async-operator.ts";
import { backoffAfter } from "../../../src/operators/map-async/retries.ts";
import { mapAsyncNode, type MapAsyncOptions } from "../../../src/streams/async.ts";
import { fakeContext, type FakeContext } from "../support.ts";

type Respond = (value: number, call: Call) => unknown;

interface Opened {
  readonly operator: MapAsyncOperator;
  readonly context: FakeContext;
  /** Feeds values, one per millisecond of event time from their own value on. */
  feed(...values: number[]): void;
  /** Moves virtual time from timer to timer until the calls are answered. */
  settle(): Promise<void>;
}

test("results keep the order of their values, or come as they are answered", async () => {
  for (const ordered of [true, false]) {
    const { feed, settle, context } = open(async (value) => {
      await sleep(context, 100 - value);
      return value * 10;
    }, { ordered });
    feed(1, 3, 2);
    await settle();
    const rows = context.takeRows();
    assert.deepEqual(rows.map(({ value }) => value), ordered ? [10, 30, 20] : [30, 20, 10]);
    assert.deepEqual(rows.map(({ time, stamp }) => [time, stamp]), rows.map(({ value }) => [Number(value) / 10, Number(value) / 10 - 5]));
  }
});

test("no more calls than allowed are under way, and each freed place is taken at once", async () => {
  let running = 0;
  let most = 0;
  const { feed, settle, operator, context } = open(async () => {
    most = Math.max(most, ++running);
    await sleep(context, 10);
    running--;
  }, { concurrency: 3 });
  feed(...Array.from({ length: 10 }, (_, i) => i));
  assert.equal(running, 3);
  assert.equal(operator.saturated(), true);
  assert.equal(operator.holdsBack(), true);
  await settle();
  assert.equal(most, 3);
  assert.equal(context.clock.now(), 40);
  assert.equal(operator.saturated(), false);
  assert.equal(operator.holdsBack(), false);
});

test("a call that fails is tried again after growing waits, with the same key, and its result counts once", async () => {
  const calls: { readonly at: number; readonly key: string; readonly attempt: number }[] = [];
  const { feed, settle, context } = open(
    (value, { key, attempt }) => {
      calls.push({ at: context.clock.now(), key, attempt });
      if (attempt < 4) throw new Error("busy");
      return value + 1;
    },
    { retries: { attempts: 4, backoff: 100, max: "250ms", jitter: false } },
  );
  feed(1);
  await settle();
  assert.deepEqual(calls.map(({ at, attempt }) => [at, attempt]), [[0, 1], [100, 2], [300, 3], [550, 4]]);
  assert.equal(new Set(calls.map(({ key }) => key)).size, 1);
  assert.match(calls[0].key, /^[0-9a-f]{32}$/);
  assert.deepEqual(context.takeRows().map(({ value }) => value), [2]);
  assert.deepEqual(context.failures, []);
});

test("jitter takes half to all of the backoff, spread over calls and the same each time", () => {
  const policy = { attempts: 3, backoff: 100, max: 10_000, jitter: true, when: undefined };
  const waits = Array.from({ length: 1000 }, (_, i) => backoffAfter(2, policy, `call ${i}`));
  assert.deepEqual(waits, Array.from({ length: 1000 }, (_, i) => backoffAfter(2, policy, `call ${i}`)));
  assert.ok(waits.every((wait) => wait >= 100 && wait <= 200));
  const mean = waits.reduce((a, b) => a + b) / waits.length;
  assert.ok(Math.abs(mean - 150) < 5, `mean ${mean}`);
  assert.ok(waits.filter((wait) => wait < 125).length > 200);
});

test("after the last attempt the value is a dead letter with its error, and the others go on", async () => {
  const { feed, settle, context } = open(
    (value) => {
      if (value === 2) throw new Error("never");
      return value;
    },
    { retries: { attempts: 2, backoff: 1 } },
  );
  feed(1, 2, 3);
  await settle();
  assert.deepEqual(context.takeRows().map(({ value }) => value), [1, 3]);
  assert.deepEqual(context.failures.map(({ value, error }) => [value, (error as Error).message]), [[2, "never"]]);
  assert.match(String((context.failures[0].error as Error).stack), /map-async\.test\.ts/);
});

test("an error that is no use trying again is not", async () => {
  let calls = 0;
  const { feed, settle, context } = open(
    () => {
      calls++;
      throw new RangeError("no such order");
    },
    { retries: { when: (error) => !(error instanceof RangeError) } },
  );
  feed(1);
  await settle();
  assert.equal(calls, 1);
  assert.equal(context.failures.length, 1);
});

test("an attempt that takes too long is aborted and counts as failed, even if it never ends", async () => {
  const aborted: number[] = [];
  const { feed, settle, context } = open(
    (_value, { signal, attempt }) =>
      new Promise(() => {
        signal.addEventListener("abort", () => aborted.push(attempt));
      }),
    { timeout: "1s", retries: { attempts: 2, backoff: 500, jitter: false } },
  );
  feed(7);
  await settle();
  assert.deepEqual(aborted, [1, 2]);
  assert.equal(context.clock.now(), 2500);
  assert.deepEqual(context.failures.map(({ value, error }) => [value, (error as { code: string }).code]), [[7, "MILLRACE_FUNCTION_TIMEOUT"]]);
});

test("keys are equal for a repeat in other batches, and differ by value, event time and operator", async () => {
  const keysOf = async (batches: readonly (readonly number[])[], address: string, options: MapAsyncOptions<number> = {}): Promise<Map<number, string>> => {
    const keys = new Map<number, string>();
    const { feed, settle } = open((value, { key }) => keys.set(value, key), options, address);
    for (const batch of batches) {
      feed(...batch);
      await settle();
    }
    return keys;
  };
  const first = await keysOf([[1, 2, 3]], "w/a");
  assert.deepEqual(await keysOf([[3], [1, 2]], "w/a"), new Map([...first].sort((a, b) => (a[0] === 3 ? -1 : b[0] === 3 ? 1 : 0))));
  assert.equal(new Set([...first.values(), ...(await keysOf([[1, 2, 3]], "w/b")).values()]).size, 6);
  const named = await keysOf([[1, 2, 3]], "w/a", { identity: (value) => `order ${value % 2}` });
  assert.equal(named.get(1), named.get(3));
  assert.notEqual(named.get(1), named.get(2));
});

test("a value whose identity cannot be told is a dead letter, and is not called", async () => {
  const called: number[] = [];
  const { feed, settle, context } = open((value) => called.push(value), {
    identity: (value) => {
      if (value === 2) throw new Error("no number");
      return String(value);
    },
  });
  feed(1, 2, 3);
  await settle();
  assert.deepEqual(called, [1, 3]);
  assert.deepEqual(context.failures.map(({ value }) => value), [2]);
});

function open(respond: Respond, options: MapAsyncOptions<number> = {}, address = "test/tested"): Opened {
  const context = fakeContext({ address });
  const node: MapAsyncNode = mapAsyncNode<number>(respond, options, "test");
  const operator = new MapAsyncOperator(node, context);
  return {
    operator,
    context,
    feed(...values) {
      const builder = new BatchBuilder();
      for (const value of values) builder.add(value, value, value - 5);
      operator.process(0, builder.take());
    },
    async settle() {
      const settled = operator.settle();
      while (operator.holdsBack()) {
        await new Promise((resolve) => setImmediate(resolve));
        const next = context.clock.next();
        if (operator.holdsBack() && next < Infinity) context.clock.advanceTo(next);
      }
      await settled;
    },
  };
}

function sleep(context: FakeContext, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    context.clock.at(context.clock.now() + milliseconds, resolve);
  });
}
