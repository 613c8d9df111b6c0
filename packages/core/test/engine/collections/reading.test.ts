import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../../src/engine/runtime.ts";
import type { Workflow } from "../../../src/graph/graph.ts";
import { collection, topic } from "../../../src/graph/refs.ts";
import { virtualClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../../../src/memory/ledger.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { harness } from "../../../src/testing/harness.ts";

interface Lane {
  readonly id: string;
  readonly limit: number;
}

const limits = topic<Lane>("limits");
const lanes = collection<Lane>("lanes", { key: (lane) => lane.id });
const copies = collection<Lane>("copies", { key: (lane) => lane.id });
const writing = workflow("writing", (flow) => flow.from(limits).to(lanes));
const copying = workflow("copying", (flow) => flow.from(lanes).to(copies));

test("what workflows and people change in a collection is a stream of changes for another workflow", async () => {
  const h = await harness([writing, copying]);
  await h.push(limits, { id: "a", limit: 1 }, { id: "b", limit: 2 }, { id: "a", limit: 3 });
  await h.edit(lanes, [{ delete: "b" }, { put: { id: "c", limit: 4 } }]);
  assert.deepEqual(h.rows(copies), [{ id: "a", limit: 3 }, { id: "c", limit: 4 }]);
  await h.restart();
  await h.push(limits, { id: "b", limit: 5 });
  assert.deepEqual(h.rows(copies), h.rows(lanes));
  await h.stop();
});

test("a reader that comes when the change log was compacted gets the rows that are left, then the changes", async () => {
  let ledger = createMemoryLedger();
  let runtime = await begin(ledger, [writing]);
  for (let i = 0; i < 300; i++) await runtime.edit(lanes, [{ put: { id: `lane ${i % 9}`, limit: i } }]);
  await runtime.edit(lanes, [{ delete: "lane 3" }]);
  await runtime.stop();
  assert.ok((await ledger.range("collection/lanes", 0)).start > 0);
  for (let round = 0; round < 2; round++) {
    ledger = ledger.reopen();
    runtime = await begin(ledger, [writing, copying]);
    await settled(runtime);
    assert.equal(runtime.rows("copies").length, 8 + round);
    await runtime.edit(lanes, [{ put: { id: "new", limit: round } }]);
    await settled(runtime);
    await runtime.stop();
  }
});

test("a change log keeps what a workflow has yet to read", async () => {
  const ledger = createMemoryLedger();
  const runtime = await begin(ledger, [writing, copying]);
  for (let i = 0; i < 600; i++) await runtime.edit(lanes, [{ put: { id: `lane ${i % 9}`, limit: i } }]);
  await settled(runtime);
  const { start, end } = await ledger.range("collection/lanes", 0);
  assert.ok(start > 0 && end === 600, `${start} to ${end}`);
  await runtime.stop();
});

function begin(ledger: MemoryLedger, workflows: readonly Workflow[]): Promise<Runtime> {
  return Runtime.start({ workflows, ledger, clock: virtualClock(), changeLogBytes: 2000 });
}

async function settled(runtime: Runtime): Promise<void> {
  const clock = virtualClock();
  const shown = (name: string): string => JSON.stringify(runtime.rows(name));
  for (let turn = 0; turn < 2000 && shown("copies") !== shown("lanes"); turn++) await clock.turn();
  assert.equal(shown("copies"), shown("lanes"));
}
