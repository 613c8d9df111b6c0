import assert from "node:assert/strict";
import { test } from "node:test";
import { createRowLayout, StructRows } from "../../src/codec/formats/struct-rows.ts";
import type { Source } from "../../src/contracts/source.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { sliding, tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, valuesOf } from "./support.ts";

const TIMES = [1, 2, Infinity, 5, 1e300, 15, Number.NaN, -Infinity, 25];
const readings = topic<{ readonly at: number }>("readings");
const counts = topic<{ readonly count: number }>("counts");
const perWindow = workflow("per-window", (flow) => flow.from(readings, { time: (r) => r.at }).window(tumbling(10)).aggregate({ count: count() }).to(counts));

/** The same times as a column. */
function columnSource(): Source {
  const layout = createRowLayout([{ name: "at", kind: "number" }]);
  const rows = new StructRows(layout, [{ type: "number", values: Float64Array.from(TIMES) }], TIMES.length);
  let read = false;
  return {
    name: "readings",
    splits: () => Promise.resolve([{ id: "all", parallel: false }]),
    open: () =>
      Promise.resolve({
        next: () => Promise.resolve(read ? "end" : ((read = true), { index: 0, next: 1, count: TIMES.length, rows, malformed: [], bytes: 72 })),
        close: () => Promise.resolve(),
      }),
  };
}

for (const [form, source] of [["objects", arraySource("readings", TIMES.map((at) => ({ at })), 2)], ["columns", columnSource()]] as const) {
  test(`atoms at no time or beyond the ends of time are dead letters, and make no other late (${form})`, async () => {
    const runtime = await Runtime.start({ workflows: [perWindow], clock: systemClock(), ledger: createMemoryLedger(), sources: { readings: source } });
    await runtime.finished;
    const rows = (await valuesOf(runtime, "counts")) as { readonly count: number }[];
    const dead = (await valuesOf(runtime, "readings.dead")) as { readonly reason: string }[];
    const read = [...(await runtime.stats()).values()].map(({ atomsRead }) => atomsRead);
    await runtime.stop();
    assert.deepEqual(read, [TIMES.length], "each is counted once");
    assert.deepEqual(rows.map((row) => row.count), [3, 1, 1]);
    assert.deepEqual(dead.map(({ reason }) => /its time, (.+), is not a time/.exec(reason)?.[1]), ["Infinity", "1e+300", "NaN", "-Infinity"]);
  });
}

test("windows a millisecond apart end near the end of time, where numbers are too far apart there are no times", { timeout: 10_000 }, async () => {
  const far = [8.64e15 - 1, 8.64e15, 2 ** 53 - 2, 2 ** 53];
  const fine = workflow("fine", (flow) => flow.from(readings, { time: (r) => r.at }).window(sliding("5s", "1ms")).aggregate({ count: count() }).to(counts));
  const runtime = await Runtime.start({ workflows: [fine], clock: systemClock(), ledger: createMemoryLedger(), sources: { readings: arraySource("readings", far.map((at) => ({ at })), 2) } });
  await runtime.finished;
  assert.equal((await valuesOf(runtime, "counts")).length, 5001);
  assert.equal((await valuesOf(runtime, "readings.dead")).length, 2);
  await runtime.stop();
});
