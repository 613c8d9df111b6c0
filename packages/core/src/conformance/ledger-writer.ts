import type { Commit, CommitResult, LinkBatch, StateAddress } from "../contracts/ledger.ts";
import { expect } from "./expect.ts";
import type { LedgerUnderTest } from "./ledger-subject.ts";

export type Parts = Partial<Omit<Commit, "partition" | "epoch" | "version">>;

/** An owner of one partition: fences it and commits one version after the other. */
export class PartitionWriter {
  readonly partition: string;
  epoch = 0;
  version = 0;
  #ledger: LedgerUnderTest;

  constructor(ledger: LedgerUnderTest, partition: string) {
    this.#ledger = ledger;
    this.partition = partition;
  }

  /** Takes the lease, on `ledger` where that was reopened. */
  async fence(ledger: LedgerUnderTest = this.#ledger): Promise<this> {
    this.#ledger = ledger;
    const root = await ledger.fence(this.partition);
    this.epoch = root.epoch;
    this.version = root.version;
    return this;
  }

  /** The commit that would come next. */
  next(parts: Parts): Commit {
    return makeCommit(this.partition, this.epoch, this.version + 1, parts);
  }

  /** Commits, and expects that it is applied. */
  async commit(parts: Parts): Promise<Extract<CommitResult, { outcome: "applied" }>> {
    const commit = this.next(parts);
    const result = await this.#ledger.commit(commit);
    expect(result.outcome === "applied", `commit ${this.partition}@${commit.epoch}.${commit.version} was refused: ${JSON.stringify(result)}`);
    this.version = commit.version;
    return result;
  }
}

export async function owner(ledger: LedgerUnderTest, partition: string): Promise<PartitionWriter> {
  const writer = new PartitionWriter(ledger, partition);
  return await writer.fence();
}

export function makeCommit(partition: string, epoch: number, version: number, parts: Parts): Commit {
  const nothing = { progress: bytesOf(version), wakeAt: Infinity, state: [], sends: [], applied: [], appends: [] };
  return { partition, epoch, version, ...nothing, ...parts };
}

/** A few bytes that tell numbers apart. */
export function bytesOf(...numbers: number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

/** `length` bytes that differ by seed. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let value = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    bytes[i] = value >>> 24;
  }
  return bytes;
}

export async function pendingOf(ledger: LedgerUnderTest, link: string, after: number): Promise<LinkBatch[]> {
  const batches: LinkBatch[] = [];
  for await (const batch of ledger.pending(link, after)) batches.push(batch);
  return batches;
}

export function at(table: string, group: number): StateAddress {
  return { table, group };
}
