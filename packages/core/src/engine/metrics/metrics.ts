import type { Distribution } from "./histogram.ts";

/** What is measured of a partition, or of all partitions of a stage, since the runtime was started. Times are in ms. */
export interface Figures {
  /** Atoms taken in from sources and links, malformed rows among them. */
  readonly atomsIn: number;
  /** Of these, what came from sources. */
  readonly atomsRead: number;
  /** Atoms given to topics. */
  readonly atomsOut: number;
  /** Rows sent to other stages. */
  readonly atomsSent: number;
  /** Atoms taken in per second, over the last ten seconds. */
  readonly rate: number;
  /** Atoms that came too late: one that is late for several windows that share slices counts once, for two operators twice. */
  readonly late: number;
  /** Atoms that went to dead letters. */
  readonly dead: number;
  /** Calls of functions that were made again after they failed. */
  readonly retries: number;
  /** How often it could not go on, or its instance was lost; and how often in a row until now. */
  readonly failures: number;
  readonly failuresInARow: number;
  /** How many instances hold its partitions now. */
  readonly instances: number;
  readonly commits: number;
  /** Of steps: how long each took, its waiting for sources and calls included, its commit not. */
  readonly stepTime: Distribution;
  /** Of commits: how long each took until it was durable. */
  readonly commitTime: Distribution;
  /** Of atoms, chunk by chunk: from when they were appended (or else read) until what they caused here was committed. */
  readonly latency: Distribution;
  /** Atoms that a step took in, of steps that took in any. */
  readonly batchSize: Distribution;
  /** Event time up to which all its operators have acted: -Infinity before there is any, Infinity at the end of the input. */
  readonly watermark: number;
  /** How far that is behind the clock; undefined where the watermark is infinite. */
  readonly watermarkLag: number | undefined;
  readonly backlog: Backlog;
  /** Keys or rows of state, and about how much memory they take; of a closed partition what it held when metrics were asked for last. Undefined where it was never open then. */
  readonly state: { readonly rows: number; readonly bytes: number } | undefined;
  readonly used: Usage;
}

/** What waits for a partition. */
export interface Backlog {
  /** On its links. */
  readonly batches: number;
  readonly bytes: number;
  /** In topics of the store, from where it is to their ends. */
  readonly atoms: number;
}

/** What was used, so that a price book can turn it into money. */
export interface Usage {
  /** Steps. */
  readonly invocations: number;
  /** How long steps took in sum, ms. */
  readonly busy: number;
  /** That, in seconds, times the memory limit of the instance in units of 2^30 bytes; 0 where it has none. */
  readonly gigabyteSeconds: number;
  /** Chunks read from sources and batches taken from links. */
  readonly reads: number;
  /** Blocks of state, batches and runs of atoms that were committed. */
  readonly writes: number;
  /** Of sources, as they are stored. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface StageMetrics extends Figures {
  readonly workflow: string;
  readonly stage: string;
  readonly partitions: number;
  readonly scaling: StageScaling;
}

/** How many instances a stage is to have and may have, together with the stages that share its limits. */
export interface StageScaling {
  /** By what there is to do, within the limits and what the host's quota leaves. */
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  /** So many are kept free for it. */
  readonly reserve: number;
}

export interface PartitionMetrics extends Figures {
  readonly workflow: string;
  readonly stage: string;
  readonly partition: number;
}

export interface RuntimeMetrics {
  /** By the names that the ledger knows them by. */
  readonly partitions: ReadonlyMap<string, PartitionMetrics>;
  /** By workflow and stage, `workflow/stage`. */
  readonly stages: ReadonlyMap<string, StageMetrics>;
  /** How many instances run now. */
  readonly instances: number;
  /** How many were lost and replaced. */
  readonly replaced: number;
}
