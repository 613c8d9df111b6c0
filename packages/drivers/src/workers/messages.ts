import type { Chunk, CommitResult, LinkBatch, NoChunk, OpenOptions, OpenSplit, Root, SplitDescription, SplitReport, SplitTimes, StateAddress, StateSize, TopicRange } from "@millrace/core/internal";
import type { Packed } from "./packing.ts";
import type { WireError } from "./wire-errors.ts";

/** One method of the other side: what it takes and what it answers. */
interface Method<Argument, Result = void> {
  readonly argument: Argument;
  readonly result: Result;
}

/** A chunk on its way from a source in the main thread; its rows are packed as a batch. */
export type WireChunk = Omit<Chunk, "rows" | "times" | "stamps"> & { readonly batch: Packed; readonly hasTimes: boolean; readonly hasStamps: boolean };

/** What a worker asks of the main thread. */
export interface MainMethods {
  readonly started: Method<void>;
  readonly fence: Method<string, Root>;
  readonly root: Method<string, Root | undefined>;
  readonly partitions: Method<void, ReadonlyMap<string, Root>>;
  readonly retire: Method<string>;
  readonly commit: Method<Packed, CommitResult>;
  readonly state: Method<StateAddress, Packed>;
  readonly groups: Method<string, readonly number[]>;
  readonly pending: Method<{ readonly link: string; readonly after: number }, Packed>;
  readonly readRecord: Method<string, Uint8Array | undefined>;
  readonly writeRecord: Method<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** The chain of event times: publishes a chunk's largest time, gives the largest before it. */
  readonly before: Method<{ readonly split: string; readonly index: number; readonly max: number }, number>;
  readonly finished: Method<string>;
  readonly failed: Method<{ readonly partition: string; readonly error: WireError }>;
  readonly report: Method<{ readonly partition: string; readonly report: SplitReport }>;
  readonly holds: Method<{ readonly partition: string; readonly bytes: number; readonly idle: boolean }>;
  readonly resting: Method<{ readonly partition: string; readonly resting: boolean }>;
  /** A page of a topic: how far it goes, and its chunks from an offset on, packed. */
  readonly page: Method<{ readonly topic: string; readonly partition: number; readonly offset: number }, { readonly range: TopicRange; readonly chunks: Packed | undefined }>;
  /** Wants to be told when a topic grows. */
  readonly listen: Method<string>;
  /** Splits of the source that the main thread holds for a topic; undefined: it lies in the ledger's store. */
  readonly splits: Method<string, readonly SplitDescription[] | undefined>;
  /** A journal that comes with it stays in the worker, by its number. */
  readonly openReader: Method<{ readonly topic: string; readonly open: Omit<OpenSplit, "journal">; readonly journal: number | undefined }, number>;
  readonly nextChunk: Method<number, WireChunk | NoChunk>;
  readonly closeReader: Method<number>;
}

/** What the main thread asks of a worker. */
export interface WorkerMethods {
  readonly open: Method<{ readonly partition: string; readonly options: OpenOptions | undefined }>;
  readonly close: Method<string>;
  readonly deliver: Method<{ readonly partition: string; readonly batch: LinkBatch }>;
  readonly announce: Method<{ readonly partition: string; readonly link: string; readonly sequence: number }>;
  readonly block: Method<{ readonly partition: string; readonly blocked: boolean }>;
  readonly rewrite: Method<{ readonly partition: string; readonly addresses: readonly StateAddress[] }>;
  readonly follow: Method<{ readonly partition: string; readonly times: SplitTimes }>;
  readonly stateSizes: Method<void, ReadonlyMap<string, StateSize>>;
  readonly stop: Method<void>;
  readonly grown: Method<string>;
  readonly readable: Method<number>;
  readonly journalRead: Method<number, readonly string[]>;
  readonly journalAppend: Method<{ readonly journal: number; readonly line: string }>;
}

/** What a worker finds when it starts. */
export interface WorkerStart {
  readonly modules: readonly { readonly url: string; readonly exports: readonly string[] }[];
  readonly plans: readonly PlanOfWorker[];
  readonly sources: Readonly<Record<string, SourceModule>>;
  readonly keyGroups: number;
  readonly capabilities: { readonly joined: boolean; readonly durability: "none" | "process" | "disk" };
  /** Whether the main thread wants to know how much state partitions hold. */
  readonly tellsState: boolean;
  /** Whether stacks name the sources of compiled modules. */
  readonly sourceMaps: boolean;
  /** Counts up while the worker's event loop turns. */
  readonly heartbeat: Int32Array;
}

export interface PlanOfWorker {
  readonly workflow: string;
  readonly cut: "none" | "shuffle" | "every";
  readonly partitions: number;
  readonly lanes: number;
  readonly generation: number;
  readonly fingerprint: string;
}

/**
 * A source as data, for workers to open themselves. The export is a Source, a generator, or a
 * function that makes one from `{ name, schema, ...options }`, the name and schema being the topic's.
 */
export interface SourceModule {
  /** URL of the module. */
  readonly module: string;
  readonly export: string;
  /** Plain data. */
  readonly options?: Readonly<Record<string, unknown>>;
}
