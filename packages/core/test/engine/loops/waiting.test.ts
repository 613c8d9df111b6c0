import assert from "node:assert/strict";
import { test } from "node:test";
import type { Source } from "../../../src/contracts/source.ts";
import { generator } from "../../../src/engine/generator.ts";
import { Runtime } from "../../../src/engine/runtime.ts";
import { topic } from "../../../src/graph/refs.ts";
import { systemClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger } from "../../../src/memory/ledger.ts";
import { workflow } from "../../../src/streams/workflow.ts";

interface Value {
  readonly id: number;
  readonly at: number;
  readonly text?: string;
}
const values = topic<Value>("values");
const rows = topic<Value>("rows");
const enriched = topic<number>("enriched");
const waiting = workflow("waiting", (flow) => {
  flow
    .from(values, { time: (value) => value.at })
    .keyBy((value) => value.id)
    .enrich(flow.table(rows, { key: (row) => row.id, time: (row) => row.at }), (value) => value.at)
    .to(enriched);
});

const CHUNKS = 300;
const ROWS = 1000;
/** So that few rows fill a link. */
const TEXT = "x".repeat(400);

for (const [cut, instances] of [["none", 1], ["shuffle", 2]] as const) {
  test(`what waits for a table that stands still stays bounded, and comes out when it goes on (${cut}, ${instances} instances)`, { timeout: 60_000 }, async () => {
    let read = 0;
    const made = generator({
      chunk: (index) => {
        read = Math.max(read, index);
        return index < CHUNKS ? Array.from({ length: ROWS }, (_, i) => ({ id: i % 50, at: index * ROWS + i, text: TEXT })) : undefined;
      },
    });
    const table = stoppedSource();
    const ledger = createMemoryLedger();
    const runtime = await Runtime.start({ workflows: [waiting], ledger, clock: systemClock(), bounded: true, cut, instances, sources: { values: made, rows: table.source } });
    let before = -1;
    for (let quiet = 0; quiet < 50; quiet = read === before ? quiet + 1 : 0) {
      before = read;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // In another partition than its source, what is on its way between them comes to what waits.
    assert.ok(read >= 60 && read < (cut === "none" ? 80 : CHUNKS), `${read} chunks were read`);
    table.end();
    await runtime.finished;
    assert.equal((await ledger.range("enriched", 0)).end, CHUNKS * ROWS);
    await runtime.stop();
  });
}

/** A source that gives nothing until it is told to end. */
function stoppedSource(): { readonly source: Source; end(): void } {
  let ended = false;
  const ready = new Set<() => void>();
  return {
    source: {
      name: "rows",
      splits: () => Promise.resolve([{ id: "0", parallel: false }]),
      open: () =>
        Promise.resolve({
          next: () => Promise.resolve(ended ? "end" : "later"),
          onReady: (callback) => void ready.add(callback),
          close: () => Promise.resolve(),
        }),
    },
    end() {
      ended = true;
      for (const callback of ready) callback();
    },
  };
}
