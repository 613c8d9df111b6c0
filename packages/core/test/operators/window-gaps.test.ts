import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { sliding, tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, valuesOf } from "../engine/support.ts";

interface Counted {
  readonly window: { readonly start: number };
  readonly n: number;
}

const readings = topic<number>("readings");
const counts = topic<Counted>("counts");
const late = topic<number>("late");

async function run(made: ReturnType<typeof workflow>, cut: "none" | "shuffle", input: readonly number[]) {
  const runtime = await Runtime.start({ workflows: [made], clock: systemClock(), cut, ledger: createMemoryLedger(), sources: { readings: arraySource("readings", input, 5) } });
  await runtime.finished;
  const rows = (await valuesOf(runtime, "counts")) as Counted[];
  const given = (await valuesOf(runtime, "late")) as number[];
  const counted = [...(await runtime.stats()).values()].reduce((all, stats) => all + stats.late, 0);
  await runtime.stop();
  return { rows, given, counted };
}

for (const cut of ["none", "shuffle"] as const) {
  test(`what lies between windows is in none, and not late (${cut})`, async () => {
    // Windows [0, 3), [10, 13), [20, 23).
    const made = workflow("sampled", (flow) => {
      const windows = flow.from(readings, { time: (n) => n }).window(sliding(3, 10)).aggregate({ n: count() });
      windows.to(counts);
      windows.late.to(late);
    });
    const { rows, given, counted } = await run(made, cut, [...Array.from({ length: 25 }, (_, n) => n), 12, 15]);
    assert.deepEqual(rows.map(({ window, n }) => [window.start, n]), [[0, 3], [10, 3], [20, 3]]);
    assert.deepEqual(given, [12]);
    assert.equal(counted, 1);
  });

  test(`a join's atoms between windows are not late (${cut})`, async () => {
    const made = workflow("joined", (flow) => {
      const left = flow.from(readings, { time: (n) => n }).keyBy(() => "all");
      const joined = left.join(flow.from(readings, { time: (n) => n }).keyBy(() => "all")).window(sliding(1, 10)).by((a, b) => ({ window: { start: a }, n: b }));
      joined.to(counts);
    });
    const { rows, counted } = await run(made, cut, Array.from({ length: 25 }, (_, n) => n));
    assert.deepEqual(rows.map(({ window, n }) => [window.start, n]), [[0, 0], [10, 10], [20, 20]]);
    assert.equal(counted, 0);
  });

  test(`an atom that is late for several windows that share slices counts once (${cut})`, async () => {
    const made = workflow("several", (flow) => {
      const source = flow.from(readings, { time: (n) => n });
      for (const size of [10, 20]) {
        const windows = source.window(tumbling(size)).aggregate(shape);
        windows.to(counts);
        windows.late.to(late);
      }
    });
    const { given, counted } = await run(made, cut, [1, 50, 2, 45, 3]);
    assert.deepEqual(given.toSorted((a, b) => a - b), [2, 2, 3, 3, 45]);
    assert.equal(counted, 3);
  });
}

const shape = { n: count() };
