/**
 * What one step did, for whoever counts. It travels with the step's commit, so that it counts exactly
 * where the commit does; drivers do not store it.
 */
export interface Measured {
  /** Atoms taken in from sources and links, malformed rows among them. */
  readonly atomsIn: number;
  /** Of these, what came from sources. */
  readonly atomsRead: number;
  /** About how many bytes of sources that was, as they are stored. */
  readonly bytesRead: number;
  /** Chunks of sources and batches of links. */
  readonly reads: number;
  /** Atoms given to topics. */
  readonly atomsOut: number;
  /** Rows sent to other stages. */
  readonly atomsSent: number;
  /** Atoms that came too late, by operator: one that is late for several windows of an operator is one. */
  readonly late: number;
  readonly dead: number;
  /** Calls of users' functions that were made again after they failed. */
  readonly retries: number;
  /** How long the step took, its waiting for sources and calls included, for earlier commits not; ms. */
  readonly busy: number;
  /** How many atoms it took in and when those had been read or appended, in turn: `measuringTime()` of any thread. */
  readonly since: readonly number[];
  /** Splits of topics in the store of which it has read, and the offset up to which each is done. */
  readonly positions: readonly { readonly split: string; readonly next: number }[];
}
