import type { Measured } from "./measured.ts";

/**
 * The ledger: the store in which a step becomes real. Drivers hold no protocol; the engine decides
 * what to commit, when to trim and how to recover. See DESIGN section 5.
 */

/** Names one partition of one stage, e.g. `ranking/keyed-1/0`. Opaque to a driver. */
export type PartitionId = string;

/** Names the path from one sender partition to one receiver partition. Opaque to a driver. */
export type LinkId = string;

/** The address of state: a table (workflow and operator) and one of the G key groups. */
export interface StateAddress {
  readonly table: string;
  readonly group: number;
}

/**
 * A change of the state at an address. Blocks of an address apply in commit order; a `full` block
 * holds all of it and makes every earlier block of the address garbage.
 */
export interface StateBlock extends StateAddress {
  readonly full: boolean;
  readonly bytes: Uint8Array;
}

/** What a sender gives to a link. Sequences of a link are dense and start at 1. */
export interface LinkBatch {
  readonly link: LinkId;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/**
 * Atoms for a topic's partition, encoded; the ledger gives them the next `count` offsets. At least one
 * atom, and not without bytes.
 */
export interface TopicAppend {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Everything one step made, applied whole or not at all. */
export interface Commit {
  readonly partition: PartitionId;
  readonly epoch: number;
  /** The version this commit makes: succeeds only where the root holds this epoch and version - 1. */
  readonly version: number;
  /** The engine's own record: positions, applied sequences, watermarks. */
  readonly progress: Uint8Array;
  /** Earliest time (epoch ms, of the engine's clock) at which the partition wants a step without input; Infinity: none. */
  readonly wakeAt: number;
  readonly state: readonly StateBlock[];
  readonly sends: readonly LinkBatch[];
  /** Links whose batches up to `sequence` have been applied by this partition; the ledger may forget them. */
  readonly applied: readonly { readonly link: LinkId; readonly sequence: number }[];
  readonly appends: readonly TopicAppend[];
  /** For whoever counts on the way; not stored. */
  readonly measured?: Measured;
  /**
   * By topic that the partition writes: no stamp of what it appends later is below. For readers in the same
   * process, on the way; not stored, as the progress says it too.
   */
  readonly times?: ReadonlyMap<string, number>;
}

export interface Root {
  readonly epoch: number;
  readonly version: number;
  /** Empty before the first commit. */
  readonly progress: Uint8Array;
  readonly wakeAt: number;
}

export type CommitResult =
  | {
      readonly outcome: "applied";
      /** Offset that the first atom of each append got, in the order of `appends`. */
      readonly offsets: readonly number[];
      /** Addresses that the driver would like rewritten as full blocks, so that it can free space. */
      readonly rewrite: readonly StateAddress[];
    }
  /** Another epoch or version is there: nothing was applied. */
  | { readonly outcome: "refused"; readonly root: Root };

export interface LedgerCapabilities {
  /** Sends, appends and state become visible in the same commit (one store). */
  readonly joined: boolean;
  /** What survives: nothing, a killed process, or a power cut. */
  readonly durability: "none" | "process" | "disk";
}

/** Bytes that any of these return are the caller's own; several may share one buffer. */
export interface Ledger {
  readonly capabilities: LedgerCapabilities;
  /** Takes the lease of a partition: raises its epoch (1 at first) durably and gives its root. */
  fence(partition: PartitionId): Promise<Root>;
  root(partition: PartitionId): Promise<Root | undefined>;
  /** All partitions that were ever fenced, with their roots. */
  partitions(): Promise<ReadonlyMap<PartitionId, Root>>;
  /**
   * Forgets a partition: its root, not its state, which has addresses of its own. Its epoch is kept,
   * so that a later fence goes on from there and an owner from before stays shut out.
   */
  retire(partition: PartitionId): Promise<void>;
  /**
   * The driver has the bytes when it resolves, and not before: until then the caller must not change
   * or transfer them. A partition that was never fenced is refused with epoch 0. Throws
   * MILLRACE_UNKNOWN_OUTCOME (retryable) where it cannot say whether it was applied: the engine then
   * reads the root; MILLRACE_STORE_FULL (retryable) where nothing was applied for want of room;
   * MILLRACE_INVARIANT, nothing applied, for a send that is not the next of its link, or an applied
   * sequence that was never sent.
   */
  commit(commit: Commit): Promise<CommitResult>;
  /** The blocks at an address, oldest first, starting at the last full one. */
  state(address: StateAddress): Promise<readonly Uint8Array[]>;
  /** Groups of a table that hold any bytes: not those whose last full block is empty and to which nothing was added. */
  groups(table: string): Promise<readonly number[]>;
  /**
   * Batches of a link above `after` that were sent and not yet applied, in sequence; also those that
   * are sent while it is read. Ends at the last.
   */
  pending(link: LinkId, after: number): AsyncIterable<LinkBatch>;
  /** Small named records of the engine (plans, key group counts); durable like a commit. */
  readRecord(name: string): Promise<Uint8Array | undefined>;
  writeRecord(name: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
