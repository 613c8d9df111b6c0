import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../../../src/contracts/ledger.ts";
import type { Topics } from "../../../src/contracts/topics.ts";
import { MillraceError } from "../../../src/errors.ts";
import { fields } from "../../../src/codec/schema-fields.ts";
import { Runtime } from "../../../src/engine/runtime.ts";
import { collection, topic } from "../../../src/graph/refs.ts";
import { virtualClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger } from "../../../src/memory/ledger.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { harness } from "../../../src/testing/harness.ts";
import { random } from "../support.ts";

const lamps = collection("lamps", { key: (lamp) => lamp.id, schema: fields({ id: "string", broken: "boolean" }) });
const reports = topic<{ readonly id: string; readonly broken: boolean }>("reports");
const reporting = workflow("reporting", (flow) => flow.from(reports).to(lamps));

test("edits and what a workflow writes have one order, and a restart keeps it", async () => {
  const h = await harness(reporting);
  await h.push(reports, { id: "a", broken: true }, { id: "b", broken: true });
  await h.edit(lamps, [{ put: { id: "a", broken: false } }, { delete: "b" }]);
  assert.deepEqual(h.rows(lamps), [{ id: "a", broken: false }]);
  await h.push(reports, { id: "b", broken: false });
  await h.restart();
  assert.deepEqual(h.rows(lamps), [{ id: "a", broken: false }, { id: "b", broken: false }]);
  await h.push(reports, { id: "a", broken: true });
  assert.deepEqual(h.get(lamps, "a"), { id: "a", broken: true });
  await h.stop();
});

test("a row that does not match its schema is refused with its place, and nothing of the edit happens", async () => {
  const h = await harness(reporting);
  const wrong = { id: "b", broken: "yes" } as unknown as { id: string; broken: boolean };
  await assert.rejects(h.edit(lamps, [{ put: { id: "a", broken: false } }, { put: wrong }]), (error: MillraceError) => {
    assert.equal(error.code, "MILLRACE_SCHEMA");
    assert.match(error.message, /collection lamps, row 1.*broken/);
    return true;
  });
  assert.deepEqual(h.rows(lamps), []);
  await assert.rejects(h.edit(lamps, [{ delete: "a" }], { time: "yesterday" }), { code: "MILLRACE_USAGE" });
  await h.stop();
});

test("a collection that no workflow knows is edited where it was declared", async () => {
  const ledger = createMemoryLedger();
  const options = { workflows: [], clock: virtualClock(), collections: [lamps] };
  const runtime = await Runtime.start({ ...options, ledger });
  assert.equal(await runtime.edit(lamps, [{ put: { id: "a", broken: true } }]), 1);
  await runtime.stop();
  const again = await Runtime.start({ ...options, ledger: ledger.reopen() });
  assert.deepEqual([again.version("lamps"), again.get(lamps, "a")], [1, { id: "a", broken: true }]);
  await again.stop();
});

test("edits whose outcome nobody knew are made once", async () => {
  const ledger = createMemoryLedger();
  const next = random(11);
  let doubted = false;
  const unsure: Ledger["commit"] = async (commit) => {
    // A second time in a row it is known.
    const chance = doubted ? 1 : next();
    doubted = !doubted && chance < 0.6;
    if (chance < 0.3) throw unknown();
    const result = await ledger.commit(commit);
    if (chance < 0.6) throw unknown();
    return result;
  };
  const runtime = await Runtime.start({ workflows: [], clock: virtualClock(), collections: [lamps], ledger: { ...ledger, commit: unsure } });
  const told: boolean[] = [];
  runtime.subscribe("lamps", (changes) => told.push(...changes.map(({ row }) => (row as { broken: boolean }).broken)));
  for (let i = 0; i < 60; i++) {
    await runtime.edit(lamps, [{ put: { id: "a", broken: i % 2 === 0 } }]);
    assert.deepEqual(runtime.get(lamps, "a"), { id: "a", broken: i % 2 === 0 });
  }
  assert.equal(runtime.version("lamps"), 60);
  assert.deepEqual(told, Array.from({ length: 60 }, (_, i) => i % 2 === 0));
  await runtime.stop();
});

test("edits that were not awaited find rows as those before left them, also where the store learns of them late", async () => {
  const ledger = createMemoryLedger();
  const unsure: Ledger["commit"] = async (commit) => {
    const result = await ledger.commit(commit);
    if (commit.partition === "edits") throw unknown();
    return result;
  };
  const slow: Ledger & Topics = {
    ...ledger,
    commit: unsure,
    read: async (...from) => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      return ledger.read(...from);
    },
  };
  const runtime = await Runtime.start({ workflows: [], clock: virtualClock(), collections: [lamps], ledger: slow });
  const put = runtime.edit(lamps, [{ put: { id: "a", broken: true } }]);
  await Promise.resolve();
  const seen: unknown[] = [];
  const gone = runtime.edit(lamps, [{ delete: "a" }], { check: (before) => seen.push(before) });
  await Promise.all([put, gone]);
  assert.deepEqual([seen, runtime.rows("lamps")], [[{ id: "a", broken: true }], []]);
  await runtime.stop();
});

function unknown(): MillraceError {
  return new MillraceError("MILLRACE_UNKNOWN_OUTCOME", "test ledger", "nobody knows", { retryable: true });
}
