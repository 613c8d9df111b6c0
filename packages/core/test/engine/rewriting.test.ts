import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger, StateAddress } from "../../src/contracts/ledger.ts";
import { MillraceError } from "../../src/errors.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../../src/memory/ledger.ts";
import { sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, random } from "./support.ts";

interface Reading {
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

const readings = topic<Reading>("readings");
const totals = collection<{ readonly key: string; readonly sum: number }>("totals", { key: (row) => row.key });
const perRoom = workflow("per-room", (flow) => {
  flow
    .from(readings, { time: (r) => r.at })
    .keyBy((r) => r.room)
    .window(tumbling("10s"))
    .aggregate({ sum: sum((r) => r.value) })
    .to(totals);
});

function input(): Reading[] {
  const next = random(3);
  return Array.from({ length: 4000 }, (_, i) => ({ room: `room ${Math.floor(next() * 60)}`, value: Math.floor(next() * 9), at: i * 20 }));
}

/** A ledger that asks for everything it was ever given to be written anew, and counts what is. */
function demanding(ledger: MemoryLedger): MemoryLedger & { readonly rewritten: () => number } {
  const known = new Map<string, StateAddress>();
  let rewritten = 0;
  return {
    ...ledger,
    rewritten: () => rewritten,
    async commit(commit) {
      for (const { table, group, full } of commit.state) {
        known.set(`${table}/${group}`, { table, group });
        if (full) rewritten++;
      }
      const result = await ledger.commit(commit);
      return result.outcome === "applied" ? { ...result, rewrite: [...known.values()] } : result;
    },
  };
}

test("state written anew at every commit is what was there", async () => {
  const expected = await rowsAfter(createMemoryLedger());
  for (const plan of [{ cut: "none", instances: 1 }, { cut: "shuffle", instances: 2 }] as const) {
    const memory = createMemoryLedger();
    const ledger = demanding(memory);
    const runtime = await Runtime.start({ workflows: [perRoom], clock: systemClock(), ledger, ...plan, sources: { readings: arraySource("readings", input(), 50, slowly) } });
    await runtime.finished;
    await runtime.stop();
    assert.ok(ledger.rewritten() > 50, `${ledger.rewritten()} blocks written anew`);
    const again = await Runtime.start({ workflows: [perRoom], clock: systemClock(), ledger: memory.reopen(), ...plan, sources: { readings: arraySource("readings", input(), 50) } });
    assert.deepEqual(again.rows("totals"), expected);
    await again.stop();
  }
});

test("a commit of unknown outcome is looked up: neither lost nor made twice", async () => {
  const expected = await rowsAfter(createMemoryLedger());
  const ledger = createMemoryLedger();
  const next = random(5);
  const unsure: Ledger["commit"] = async (commit) => {
    const chance = next();
    if (chance < 0.2) throw unknown();
    const result = await ledger.commit(commit);
    if (chance < 0.4) throw unknown();
    return result;
  };
  assert.deepEqual(await rowsAfter({ ...ledger, commit: unsure }), expected);
});

async function rowsAfter(ledger: MemoryLedger): Promise<unknown> {
  const runtime = await Runtime.start({ workflows: [perRoom], clock: systemClock(), ledger, cut: "shuffle", instances: 2, sources: { readings: arraySource("readings", input(), 50, slowly) } });
  await runtime.finished;
  const rows = runtime.rows("totals");
  await runtime.stop();
  assert.equal(rows.length, 60);
  return rows;
}

function slowly(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function unknown(): MillraceError {
  return new MillraceError("MILLRACE_UNKNOWN_OUTCOME", "test ledger", "nobody knows", { retryable: true });
}
