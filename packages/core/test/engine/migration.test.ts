import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "../../src/errors.ts";
import type { Cut } from "../../src/engine/plan.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { tumbling } from "../../src/graph/window.ts";
import { topic } from "../../src/graph/refs.ts";
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
const late = topic<unknown>("late");

const perRoom = workflow("per-room", (flow) => {
  const results = flow
    .from(readings, { time: (r) => r.at, outOfOrderness: "20s" })
    .distinct((r) => r.id)
    .keyBy((r) => r.room)
    .window(tumbling("1m"))
    .aggregate({ sum: sum((r) => r.value), n: count() });
  results.top(3, (row) => row.sum, { per: "window" }).to(totals);
  results.late.map((r) => ({ late: r.id })).to(late);
});

function values(): Reading[] {
  const next = random(7);
  return Array.from({ length: 6000 }, (_, i) => ({
    id: i % 50 === 49 ? i - 20 : i,
    room: `room ${Math.floor(next() * 40)}`,
    value: Math.floor(next() * 100),
    at: i * 250 - Math.floor(next() * 45_000),
  }));
}

const plans: readonly { readonly cut: Cut; readonly instances: number; readonly partitions?: number }[] = [
  { cut: "none", instances: 1 },
  { cut: "shuffle", instances: 1 },
  { cut: "shuffle", instances: 2 },
  { cut: "shuffle", instances: 4 },
  { cut: "shuffle", instances: 1, partitions: 16 },
  { cut: "every", instances: 2, partitions: 8 },
  { cut: "every", instances: 2 },
];

test("a run keeps its state and its answer when cuts and partitions change between restarts", async () => {
  const input = values();
  const clock = systemClock();
  const options = { workflows: [perRoom], clock };
  const expected = await runToEnd({ ...options, ledger: createMemoryLedger(), sources: { readings: arraySource("readings", input, 100) } }, "totals");
  assert.ok(expected.length > 60);
  const next = random(11);
  for (let round = 0; round < 12; round++) {
    let ledger = createMemoryLedger();
    let found: unknown[] = [];
    let lateFound = 0;
    const told: string[] = [];
    for (let finished = false; !finished; ) {
      const plan = plans[Math.floor(next() * plans.length)];
      told.push(`${plan.cut}/${plan.instances}`);
      let chunks = 2 + Math.floor(next() * 12);
      const { promise: enough, resolve } = Promise.withResolvers<void>();
      const source = arraySource("readings", input, 100, async () => {
        if (chunks-- === 0) resolve();
        await new Promise((done) => setTimeout(done, 0));
      });
      const runtime = await Runtime.start({ ...options, ...plan, ledger, sources: { readings: source } });
      finished = await Promise.race([runtime.finished.then(() => true), enough.then(() => false)]);
      if (finished) {
        found = await valuesOf(runtime, "totals");
        lateFound = (await valuesOf(runtime, "late")).length;
      }
      await runtime.stop();
      ledger = ledger.reopen();
    }
    assert.deepEqual(sorted(found), sorted(expected), `round ${round}: ${told.join(" > ")}`);
    assert.ok(lateFound > 0);
  }
});

test("a graph whose unnamed stateful operator moved is refused, with the way to name it", async () => {
  const ledger = createMemoryLedger();
  const source = { readings: arraySource("readings", values().slice(0, 100), 50) };
  await runToEnd({ workflows: [perRoom], clock: systemClock(), ledger, sources: source }, "totals");
  const changed = workflow("per-room", (flow) => {
    flow
      .from(readings, { time: (r) => r.at })
      .filter((r) => r.value > 3)
      .distinct((r) => r.id)
      .keyBy((r) => r.room)
      .window(tumbling("1m"))
      .aggregate({ sum: sum((r) => r.value), n: count() })
      .top(3, (row) => row.sum, { per: "window" })
      .to(totals);
  });
  await assert.rejects(
    Runtime.start({ workflows: [changed], clock: systemClock(), ledger: ledger.reopen(), sources: source }),
    (error) => error instanceof MillraceError && error.code === "MILLRACE_STATE_MISMATCH" && error.message.includes('{ id: "distinct-1" }'),
  );
});
