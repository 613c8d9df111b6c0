/**
 * Columns: how the fields of many atoms lie in memory. A decoder fills them once, at the edge;
 * operators read them without making an object per atom.
 *
 * `valid`, where present, holds 1 for a row that has a value and 0 for one that is null or absent
 * (the two are not told apart in a column; both read as `undefined`).
 */
export interface NumberColumn {
  readonly type: "number";
  readonly values: Float64Array;
  readonly valid?: Uint8Array | undefined;
}

export interface BooleanColumn {
  readonly type: "boolean";
  /** 0 or 1 per row. */
  readonly values: Uint8Array;
  readonly valid?: Uint8Array | undefined;
}

/** Strings as slices of UTF-8 bytes, checked to be well formed; `get` makes (and may share) the JS string. */
export interface StringColumn {
  readonly type: "string";
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly valid?: Uint8Array | undefined;
  get(row: number): string;
}

/** Any other values: nested objects, arrays, results of user code. Values are immutable. */
export interface ValueColumn {
  readonly type: "value";
  readonly values: readonly unknown[];
}

/** Byte strings as slices of one array, such as partial accumulators on their way. */
export interface BytesColumn {
  readonly type: "bytes";
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export type Column = NumberColumn | BooleanColumn | StringColumn | ValueColumn | BytesColumn;

/** The type of a declared field. `timestamp` is epoch milliseconds, read from ISO 8601 text or a number. */
export type FieldType = "number" | "integer" | "string" | "boolean" | "timestamp" | "json";

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** False: null or absent is malformed. */
  readonly optional: boolean;
}
