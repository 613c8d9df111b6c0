import assert from "node:assert/strict";
import { systemClock, type Clock, type Commit, type Ledger, type Topics } from "@millrace/core/internal";
import { ledgerOver, type EmbeddedLedger } from "../../src/embedded/embedded-ledger.ts";
import type { LogFiles } from "../../src/embedded/files.ts";
import { Segments } from "../../src/embedded/segments.ts";
import { Sequencer, type SequencerOptions } from "../../src/embedded/sequencer.ts";

/** A ledger on other file operations, without a lock: opens what is there. */
export function openOn(files: LogFiles, options: Partial<SequencerOptions> = {}): EmbeddedLedger {
  const clock: Clock = systemClock();
  const tuning = { durability: "process", segmentBytes: 2 ** 16, slackBytes: 2 ** 16, clock, ...options } as const;
  return ledgerOver(new Sequencer(new Segments(files, "log"), tuning), async () => {});
}

/** Generator of numbers in [0, limit) from a seed (mulberry32). */
export function randomBelow(seed: number): (limit: number) => number {
  let state = (seed * 0x9e3779b1) >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

const GROUPS = 8;
const BACKLOG = 3;

/** The commit that makes version `version`: its whole content follows from that number. */
export function commitOf(epoch: number, version: number): Commit {
  const size = version % 50 === 0 ? 150_000 : (version * 37) % 250;
  return {
    partition: "p",
    epoch,
    version,
    progress: bytesOf(version, 9),
    wakeAt: version,
    state: [{ table: "table", group: version % GROUPS, full: version % 5 === 0, bytes: bytesOf(version, size) }],
    sends: [{ link: "link", sequence: version, bytes: bytesOf(version, size >> 1) }],
    applied: version > BACKLOG ? [{ link: "link", sequence: version - BACKLOG }] : [],
    appends: [{ topic: "topic", partition: 0, count: 2, bytes: bytesOf(version, (size >> 2) + 1) }],
  };
}

/** Asserts that the ledger holds what the commits up to its version left, no more and no less. */
export async function assertPrefix(ledger: Ledger & Topics): Promise<number> {
  const root = await ledger.root("p");
  const version = root?.version ?? 0;
  if (version > 0) assert.deepEqual([root?.progress, root?.wakeAt], [bytesOf(version, 9), version]);
  for (let group = 0; group < GROUPS; group++) {
    const blocks = await ledger.state({ table: "table", group });
    assert.deepEqual(blocks, blocksOf(group, version), `state of group ${group} at version ${version}`);
  }
  let expected = Math.max(1, version - BACKLOG + 1);
  for await (const { sequence, bytes } of ledger.pending("link", 0)) {
    assert.equal(sequence, expected++);
    assert.deepEqual(bytes, commitOf(1, sequence).sends[0].bytes);
  }
  assert.equal(expected, version + 1, "pending");
  const { start, end } = await ledger.range("topic", 0);
  assert.equal(end, version * 2);
  for (let offset = start; offset < end; ) {
    for (const chunk of await ledger.read("topic", 0, offset, 50_000)) {
      assert.deepEqual(chunk, { offset, count: 2, bytes: commitOf(1, offset / 2 + 1).appends[0].bytes });
      offset += 2;
    }
  }
  return version;
}

function blocksOf(group: number, version: number): Uint8Array[] {
  let blocks: Uint8Array[] = [];
  for (let v = group === 0 ? GROUPS : group; v <= version; v += GROUPS) {
    const [{ full, bytes }] = commitOf(1, v).state;
    blocks = full ? [bytes] : [...blocks, bytes];
  }
  return blocks;
}

function bytesOf(version: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = version * 31 + i * 7 + (i >> 8);
  return bytes;
}

/** Commits versions up to `last` and gives the epoch. */
export async function commitUpTo(ledger: Ledger, last: number): Promise<number> {
  const { epoch, version } = await ledger.fence("p");
  for (let next = version + 1; next <= last; next++) {
    const result = await ledger.commit(commitOf(epoch, next));
    assert.equal(result.outcome, "applied");
  }
  return epoch;
}
