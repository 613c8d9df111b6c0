import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { MillraceError } from "../../src/errors.ts";
import type { Aggregate } from "../../src/graph/aggregate.ts";
import { topic } from "../../src/graph/refs.ts";
import { session, tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { workflow } from "../../src/streams/workflow.ts";

const numbers = topic<number>("numbers");

/** Keeps a function, which no store can. */
const unkept: Aggregate<number, { sum: number; get: () => number }, number> = {
  init: () => ({ sum: 0, get: () => 0 }),
  add: (accumulator, n) => ({ sum: accumulator.sum + n, get: () => n }),
  merge: (a, b) => ({ sum: a.sum + b.sum, get: b.get }),
  result: ({ sum }) => sum,
};

for (const cut of ["none", "shuffle"] as const) {
  for (const window of [tumbling(10), session(10)]) {
    test(`an accumulator that cannot be kept ends the run, and is named with its operator (${window.kind}, ${cut})`, { timeout: 10_000 }, async () => {
      const made = workflow("w", (flow) =>
        flow
          .from(numbers, { time: (n) => n })
          .window(window)
          .aggregate({ total: unkept }, { id: "totals" })
          .to(topic<unknown>("out")),
      );
      const runtime = await Runtime.start({ workflows: [made], clock: systemClock(), cut, ledger: createMemoryLedger() });
      await runtime.append(numbers, [1, 2, 3]);
      await assert.rejects(
        runtime.finished,
        (error) => error instanceof MillraceError && error.code === "MILLRACE_SCHEMA" && error.message.startsWith("workflow w, operator totals, aggregate total: its accumulator cannot be kept"),
      );
      await runtime.stop();
    });
  }
}
