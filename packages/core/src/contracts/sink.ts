import type { CallSignal } from "./signal.ts";

/** A row on its way out. */
export interface SinkRow<T> {
  readonly value: T;
  /** Event time, epoch milliseconds. */
  readonly time: number;
  /** Facts are inserts; over updated rows, an update replaces the row and a delete takes it away. */
  readonly change: "insert" | "update" | "delete";
  /** The same for every attempt and every repeat after a crash, under every plan. */
  readonly key: string;
}

export interface SinkCall {
  /** Aborted when the attempt has run out of time. */
  readonly signal: CallSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/**
 * Writes rows outside. It is called after their commit, from the outbox; a call may be repeated, with
 * rows of the same keys, when it failed or its outcome was lost. Resolving means that the rows are kept.
 */
export type WriteRows<T> = (rows: readonly SinkRow<T>[], call: SinkCall) => void | Promise<void>;
