import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../../src/contracts/ledger.ts";
import type { Topics } from "../../src/contracts/topics.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { MillraceError } from "../../src/errors.ts";
import { topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, random, runToEnd, sorted, valuesOf } from "./support.ts";

interface Reading {
  readonly id: number;
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

const readings = topic<Reading>("readings");
const totals = topic<unknown>("totals");

/** Two shuffles, so that partitions that are closed send to partitions that are closed. */
const perRoom = workflow("per-room", (flow) =>
  flow
    .from(readings, { time: (r) => r.at, outOfOrderness: "20s" })
    .distinct((r) => r.id)
    .keyBy((r) => r.room)
    .window(tumbling("1m"))
    .aggregate({ sum: sum((r) => r.value), n: count() })
    .to(totals),
);

const BUDGET = { partitions: 16, stateMemory: 64 * 1024 };

function values(): Reading[] {
  const next = random(3);
  return Array.from({ length: 8000 }, (_, i) => ({
    id: i % 50 === 49 ? i - 20 : i,
    room: `room ${Math.floor(next() * 2000)}`,
    value: Math.floor(next() * 100),
    at: i * 60 - Math.floor(next() * 15_000),
  }));
}

/** A ledger that counts how often each partition was opened. */
function counting(ledger: Ledger & Topics): { readonly ledger: Ledger & Topics; readonly opened: Map<string, number> } {
  const opened = new Map<string, number>();
  const fence: Ledger["fence"] = (partition) => {
    opened.set(partition, (opened.get(partition) ?? 0) + 1);
    return ledger.fence(partition);
  };
  return { ledger: { ...ledger, fence }, opened };
}

const input = values();
const clock = systemClock();
const expected = runToEnd({ workflows: [perRoom], clock, ledger: createMemoryLedger(), sources: { readings: arraySource("readings", input, 100) } }, "totals");

test("partitions that do not fit into memory together take turns, and the answer is the same", { timeout: 30_000 }, async () => {
  const { ledger, opened } = counting(createMemoryLedger());
  const source = arraySource("readings", input, 100, () => new Promise((done) => setTimeout(done, 2)));
  const runtime = await Runtime.start({ workflows: [perRoom], clock, ...BUDGET, ledger, sources: { readings: source } });
  await runtime.finished;
  const found = await valuesOf(runtime, "totals");
  await runtime.stop();
  assert.deepEqual(sorted(found), sorted(await expected));
  assert.equal(opened.size, 1 + 2 * 16);
  assert.ok([...opened.values()].filter((times) => times > 1).length > 8, "partitions were opened more than once");
  const stats = await runtime.stats();
  assert.equal(stats.size, 1 + 2 * 16);
  assert.ok([...stats].filter(([id]) => id.includes("distinct")).reduce((all, [, { atomsIn }]) => all + atomsIn, 0) === input.length, "counters of all turns are counted together");
});

test("a run whose partitions take turns goes on where it was stopped", { timeout: 60_000 }, async () => {
  const next = random(5);
  for (let round = 0; round < 4; round++) {
    let ledger = createMemoryLedger();
    let found: unknown[] = [];
    for (let finished = false; !finished; ) {
      let chunks = 2 + Math.floor(next() * 30);
      const { promise: enough, resolve } = Promise.withResolvers<void>();
      const source = arraySource("readings", input, 100, async () => {
        if (chunks-- === 0) resolve();
        await new Promise((done) => setTimeout(done, 0));
      });
      const limits = next() < 0.7 ? BUDGET : { partitions: 16 };
      const runtime = await Runtime.start({ workflows: [perRoom], clock, ...limits, ledger, sources: { readings: source } });
      finished = await Promise.race([runtime.finished.then(() => true), enough.then(() => false)]);
      if (finished) found = await valuesOf(runtime, "totals");
      // Now and then what a killed process leaves: nothing was told to stop.
      if (next() < 0.5 || finished) await runtime.stop();
      else void runtime.stop();
      ledger = ledger.reopen();
    }
    assert.deepEqual(sorted(found), sorted(await expected), `round ${round}`);
  }
});

test("partitions that were closed rest with their instance and come back with it", { timeout: 30_000 }, async () => {
  const runtime = await Runtime.start({ workflows: [perRoom], clock, ...BUDGET, ledger: createMemoryLedger(), idleAfter: 20 });
  const half = input.length / 2;
  await runtime.append(readings, input.slice(0, half));
  const until = Date.now() + 20_000;
  while (runtime.running > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 10));
  assert.equal(runtime.running, 0, "the instance was given up");
  await runtime.append(readings, input.slice(half));
  // The end of the stream never comes: what is complete is all windows that an atom far in the future closes.
  await runtime.append(readings, [{ id: -1, room: "none", value: 0, at: 10_000_000 }]);
  const wanted = (await expected).length;
  let found: unknown[] = [];
  while (found.length < wanted && Date.now() < until + 20_000) {
    await new Promise((done) => setTimeout(done, 20));
    found = await valuesOf(runtime, "totals");
  }
  await runtime.stop();
  assert.deepEqual(sorted(found), sorted(await expected));
});

test("memory for state without a cut is refused, as one partition has all of it", async () => {
  const options = { workflows: [perRoom], clock, ledger: createMemoryLedger(), cut: "none", stateMemory: 1e6 } as const;
  await assert.rejects(Runtime.start(options), (error) => error instanceof MillraceError && error.code === "MILLRACE_USAGE");
});
