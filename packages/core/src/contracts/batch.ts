import type { Column } from "./columns.ts";

/**
 * The values of a batch. Two forms: plain objects, or columns of fields. Rows are numbered from 0;
 * a value, once made, never changes.
 */
export interface Rows {
  readonly length: number;
  /** A value that may be kept: the object itself, or a new one made from the columns. */
  get(row: number): unknown;
  /** A value that is only good until the next call of `view` on these rows: for closures that return a scalar. */
  view(row: number): unknown;
  /** The column of a field, where the rows lie in columns. */
  column(field: string): Column | undefined;
}

/** What a row says about its identity. A batch without `kinds` holds inserts only. */
export const INSERT = 0;
export const BEFORE = 1;
export const AFTER = 2;
export const DELETE = 3;
/** Added to a kind: a later row with the same identity is still to come, so topics of finals pass it over. */
export const PROVISIONAL = 8;

/** Append: facts only. Upsert: a later row with the same identity replaces. Retract: before and after are both told. */
export type ChangeMode = "append" | "upsert" | "retract";

/** Keys of a batch's rows, as slots of a table that knows each key's bytes, hash and value. */
export interface BatchKeys {
  readonly table: KeySource;
  readonly slots: Int32Array;
}

/** The part of a key table that a reader of keys needs. */
export interface KeySource {
  /** Grows whenever a slot may have come to mean another key. */
  readonly generation: number;
  /** How many slots have been given out. */
  readonly size: number;
  /** The key's value: a scalar, or a tuple (array) of scalars. */
  value(slot: number): Key;
  /** (murmur2(key bytes) & 0x7fffffff), from which the key group follows. */
  hash(slot: number): number;
  /** The key's bytes: [start, end) of `bytes`. */
  readonly bytes: Uint8Array;
  start(slot: number): number;
  end(slot: number): number;
}

export type Scalar = string | number | boolean | bigint | null;
export type Key = Scalar | readonly Scalar[];

/**
 * Many atoms on their way through operators. `count` rows are selected: row `i` of the batch is
 * row `selection[i]` of the columns, or `i` itself without a selection. `times`, `stamps`, `kinds`
 * and `keys.slots` are indexed like `rows`, that is, by the row of the columns.
 */
export interface Batch {
  readonly count: number;
  readonly selection: Int32Array | undefined;
  readonly rows: Rows;
  /** Event time of each row, epoch milliseconds. */
  readonly times: Float64Array;
  /** Stamp of each row: largest event time before it in its split, less the declared bound. */
  readonly stamps: Float64Array;
  readonly kinds: Uint8Array | undefined;
  readonly keys: BatchKeys | undefined;
}
