import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "../../src/errors.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, valuesOf } from "./support.ts";

interface Sum {
  readonly window: { readonly end: number };
  readonly sum: number;
}

const numbers = topic<number>("numbers");
const sums = topic<Sum>("sums");
const totals = topic<unknown>("totals");
const writer = workflow("writer", (flow) => flow.from(numbers, { time: (n) => n }).window(tumbling(10)).aggregate({ sum: sum((n) => n) }).to(sums));
const reader = workflow("reader", (flow) =>
  flow
    .from(sums, { time: (row) => row.window.end - 1 })
    .window(tumbling(100))
    .aggregate({ rows: count(), sum: sum((row) => row.sum) })
    .to(totals),
);

for (const plan of [{ cut: "none", instances: 1 }, { cut: "shuffle", instances: 2 }] as const) {
  test(`a bounded run of workflows that read what others write comes to its end (${plan.cut})`, async () => {
    const input = Array.from({ length: 1000 }, (_, n) => n);
    const runtime = await Runtime.start({
      workflows: [reader, writer],
      clock: systemClock(),
      ledger: createMemoryLedger(),
      bounded: true,
      ...plan,
      sources: { numbers: arraySource("numbers", input, 30) },
    });
    await runtime.finished;
    const rows = (await valuesOf(runtime, "totals")) as { readonly rows: number; readonly sum: number }[];
    await runtime.stop();
    assert.deepEqual(rows.map((row) => row.rows), Array.from({ length: 10 }, () => 10));
    assert.equal(rows.reduce((all, row) => all + row.sum, 0), (999 * 1000) / 2);
  });
}

test("workflows that wait for each other's end are refused", async () => {
  const back = workflow("back", (flow) => flow.from(totals).map((row) => row as number).to(numbers));
  await assert.rejects(
    Runtime.start({ workflows: [writer, reader, back], clock: systemClock(), ledger: createMemoryLedger(), bounded: true }),
    (error) => error instanceof MillraceError && error.code === "MILLRACE_GRAPH" && error.message.includes("writer, reader, back"),
  );
});
