import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commit } from "../../src/contracts/ledger.ts";
import { virtualClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function commit(version: number, parts: Partial<Commit> = {}): Commit {
  const empty = { progress: bytes(version), wakeAt: Infinity, state: [], sends: [], applied: [], appends: [] };
  return { partition: "p", epoch: 1, version, ...empty, ...parts };
}

test("a reopened ledger has everything, and its closed predecessor can do nothing", async () => {
  const first = createMemoryLedger();
  await first.fence("p");
  await first.commit(commit(1, { state: [{ table: "t", group: 3, full: true, bytes: bytes(1) }] }));
  const second = first.reopen();
  await assert.rejects(first.commit(commit(2)), { code: "MILLRACE_STOPPED" });
  assert.equal((await second.root("p"))?.version, 1);
  assert.deepEqual(await second.state({ table: "t", group: 3 }), [bytes(1)]);
});

test("age alone drops chunks, by the ledger's clock", async () => {
  const clock = virtualClock(1_000);
  const ledger = createMemoryLedger({ clock });
  await ledger.fence("p");
  await ledger.retain("news", { milliseconds: 60_000 });
  const append = { topic: "news", partition: 0, count: 2, bytes: bytes(1, 2, 3) };
  await ledger.commit(commit(1, { appends: [append] }));
  clock.advance(60_000);
  await ledger.commit(commit(2, { appends: [append] }));
  assert.deepEqual(await ledger.range("news", 0), { start: 0, end: 4 });
  clock.advance(1);
  await ledger.commit(commit(3, { appends: [append] }));
  assert.deepEqual(await ledger.range("news", 0), { start: 2, end: 6 });
});

test("bytes given and taken are the caller's own, shared memory included", async () => {
  const ledger = createMemoryLedger();
  await ledger.fence("p");
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  shared.set([7, 8]);
  await ledger.commit(commit(1, { state: [{ table: "t", group: 0, full: true, bytes: shared }] }));
  shared.fill(0);
  const [taken] = await ledger.state({ table: "t", group: 0 });
  assert.ok(taken.buffer instanceof ArrayBuffer);
  taken.fill(9);
  assert.deepEqual(await ledger.state({ table: "t", group: 0 }), [bytes(7, 8)]);
});
