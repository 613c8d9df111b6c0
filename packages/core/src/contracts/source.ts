import type { Rows } from "./batch.ts";
import type { Journal } from "./bucket.ts";

/** One row that could not be read: it goes to the dead letters of its topic. */
export interface MalformedRow {
  /** Where it is, for a person: a line or byte offset within the split. */
  readonly position: string;
  readonly raw: string;
  readonly reason: string;
}

/**
 * A piece of a split. Reading a split from a position gives the same chunks each time, so that a
 * chunk whose commit failed can be read again.
 */
export interface Chunk {
  /**
   * This chunk's place in the split's order, the same from whatever position it is read. Where a split
   * is parallel, chunks of all lanes together are numbered densely from 0.
   */
  readonly index: number;
  /** The position from which this lane goes on after the chunk. */
  readonly next: number;
  readonly count: number;
  readonly rows: Rows;
  /** Event times where the source itself knows them (a topic's atoms), else undefined: the engine extracts them. */
  readonly times?: Float64Array;
  /** Stamps where the chunk's sender has already judged time (a topic written by Millrace). */
  readonly stamps?: Float64Array;
  /** What its rows say of change; absent: all are inserts. */
  readonly kinds?: Uint8Array;
  readonly malformed: readonly MalformedRow[];
  /** When its first atom was appended, where that is known, on the clock that measures; for the metrics. */
  readonly since?: number;
  /** About how many bytes of input it was. */
  readonly bytes: number;
}

export interface SplitDescription {
  /** Stable name within the source, part of the identity of its progress. */
  readonly id: string;
  /** Whether several lanes may read interleaved chunks of it in parallel. */
  readonly parallel: boolean;
  /** Total size in bytes where it is known, for progress bars. */
  readonly bytes?: number;
}

export interface OpenSplit {
  readonly split: string;
  /** This reader takes chunks whose index mod `lanes` is `lane`. */
  readonly lane: number;
  readonly lanes: number;
  /** Position to go on from: 0 at the start, else the `next` of the last chunk that was committed by this lane. */
  readonly position: number;
  /** Where a source keeps what its positions mean, if they do not speak for themselves; lives as long as they do. */
  readonly journal?: Journal;
}

/**
 * What `next` says when there is no chunk: nothing yet and perhaps never ("idle"), nothing yet but
 * its end is sure to come ("later"), or nothing ever ("end"). Only a split that says "idle" may be
 * passed over by the others.
 */
export type NoChunk = "idle" | "later" | "end";

export interface SplitReader {
  next(): Promise<Chunk | NoChunk>;
  /** No stamp after the last chunk that was given is below, as those say who write the split; absent: time follows from the atoms. */
  watermark?(): number;
  /** Calls back, again and again from now on, whenever an idle reader may have something; absent on bounded sources. */
  onReady?(callback: () => void): void;
  close(): Promise<void>;
}

/** A place where atoms come from. A driver implements this; the engine stamps, keeps progress and retries. */
export interface Source {
  readonly name: string;
  /** Whether its atoms lie in the ledger's store, so that their coming is known without a reader. Default false. */
  readonly stored?: boolean;
  splits(): Promise<readonly SplitDescription[]>;
  open(open: OpenSplit): Promise<SplitReader>;
}
