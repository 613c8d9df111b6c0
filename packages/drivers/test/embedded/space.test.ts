import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock, type Commit, type StateBlock } from "@millrace/core/internal";
import type { EmbeddedLedger } from "../../src/embedded/index.ts";
import { openOn, randomBelow } from "./support.ts";
import { MemoryFiles } from "./memory-files.ts";

const KILOBYTE = 1024;
const TUNING = { segmentBytes: 256 * KILOBYTE, slackBytes: 512 * KILOBYTE };

function commit(version: number, parts: Partial<Commit>): Commit {
  const nothing = { progress: new Uint8Array(10), wakeAt: Infinity, state: [], sends: [], applied: [], appends: [] };
  return { partition: "p", epoch: 1, version, ...nothing, ...parts };
}

function assertBounded({ statistics }: EmbeddedLedger, what: string): void {
  const { diskBytes, liveBytes } = statistics();
  const bound = 2 * liveBytes + TUNING.slackBytes + 2 * TUNING.segmentBytes;
  assert.ok(diskBytes <= bound, `${what}: ${diskBytes} bytes on disk, ${liveBytes} live`);
}

test("disk use stays in proportion while state is changed over and over and rewrites are honoured", async () => {
  const files = new MemoryFiles();
  const ledger = openOn(files, TUNING);
  await ledger.fence("p");
  const below = randomBelow(7);
  const groups = 64;
  const fullBytes = 16 * KILOBYTE;
  let rewrites = 0;
  let overdue: StateBlock[] = [];
  let version = 0;
  for (; version < 4_000; ) {
    const deltas = Array.from({ length: 8 }, () => ({ table: "t", group: below(groups), full: false, bytes: new Uint8Array(400) }));
    const result = await ledger.commit(commit(++version, { state: [...deltas, ...overdue] }));
    assert.ok(result.outcome === "applied");
    overdue = result.rewrite.map((address) => ({ ...address, full: true, bytes: new Uint8Array(fullBytes) }));
    rewrites += overdue.length;
    if (version % 100 === 0) assertBounded(ledger, `version ${version}`);
  }
  assert.ok(ledger.statistics().stateBytes < 4 * groups * fullBytes, `${ledger.statistics().stateBytes} bytes of state`);
  const written = version * 8 * 400;
  assert.ok(rewrites * fullBytes < 3 * written, `rewrote ${rewrites * fullBytes} for ${written}`);
});

test("what seldom changes is carried along, and is still there after a thousand rounds of the rest", async () => {
  const files = new MemoryFiles();
  const ledger = openOn(files, TUNING);
  await ledger.fence("p");
  const cold = new Uint8Array(30 * KILOBYTE).fill(7);
  await ledger.commit(
    commit(1, {
      state: [{ table: "cold", group: 1, full: true, bytes: cold }],
      sends: [{ link: "cold", sequence: 1, bytes: cold }],
      appends: [{ topic: "cold", partition: 0, count: 9, bytes: cold }],
    }),
  );
  for (let version = 2; version < 1_000; version++) {
    const bytes = new Uint8Array(20 * KILOBYTE).fill(version);
    await ledger.commit(commit(version, { state: [{ table: "hot", group: 1, full: true, bytes }] }));
    if (version % 50 === 0) assertBounded(ledger, `version ${version}`);
  }
  const again = openOn(files.clone(), TUNING);
  assert.deepEqual(await again.state({ table: "cold", group: 1 }), [cold]);
  for await (const batch of again.pending("cold", 0)) assert.deepEqual(batch.bytes, cold);
  assert.deepEqual(await again.read("cold", 0, 8, 10), [{ offset: 0, count: 9, bytes: cold }]);
  assert.ok(again.statistics().recoveredFrames < 100);
});

test("an old topic of many small chunks survives cleaning, in order, and reads across segments", async () => {
  const files = new MemoryFiles();
  const ledger = openOn(files, { segmentBytes: 32 * KILOBYTE, slackBytes: 64 * KILOBYTE });
  await ledger.fence("p");
  let version = 0;
  let offset = 0;
  for (let round = 0; round < 300; round++) {
    const appends = Array.from({ length: 5 }, (_, i) => ({ topic: "log", partition: i % 2, count: 3, bytes: Uint8Array.of(round, i, 1) }));
    const churn = { table: "hot", group: 0, full: true, bytes: new Uint8Array(3_000) };
    await ledger.commit(commit(++version, { appends, state: [churn] }));
    offset += 9;
  }
  for (const reader of [ledger, openOn(files.clone())]) {
    const chunks = await reader.read("log", 0, 0, Infinity);
    assert.equal(chunks.length, 900);
    chunks.forEach((chunk, i) => assert.deepEqual(chunk, { offset: i * 3, count: 3, bytes: Uint8Array.of(Math.floor(i / 3), (i % 3) * 2, 1) }));
    assert.deepEqual(await reader.range("log", 0), { start: 0, end: offset });
  }
});

test("retention by age works by the ledger's clock and frees the disk", async () => {
  const files = new MemoryFiles();
  const clock = virtualClock(1_000_000);
  const ledger = openOn(files, { ...TUNING, clock });
  await ledger.fence("p");
  await ledger.retain("news", { milliseconds: 60_000 });
  for (let version = 1; version <= 2_000; version++) {
    clock.advance(1_000);
    await ledger.commit(commit(version, { appends: [{ topic: "news", partition: 0, count: 1, bytes: new Uint8Array(2_000) }] }));
  }
  const { start, end } = await ledger.range("news", 0);
  assert.equal(end, 2_000);
  assert.ok(start <= end - 60 && start > end - 400, `range ${start} to ${end}`);
  assertBounded(ledger, "after trimming");
  assert.ok(ledger.statistics().diskBytes < 1_500 * KILOBYTE);
  await assert.rejects(ledger.read("news", 0, start - 1, 1), { code: "MILLRACE_POSITION_LOST" });
  const again = openOn(files.clone(), { ...TUNING, clock });
  assert.deepEqual(await again.range("news", 0), { start, end });
});
