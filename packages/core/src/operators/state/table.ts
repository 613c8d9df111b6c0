/**
 * State of an operator in one partition, kept in memory and committed as blocks per key group. The
 * bytes are the table's own; the engine stores and returns them.
 */
export interface StateTable {
  /** Unique within its operator. */
  readonly name: string;
  /** Says what the bytes mean (layout, aggregates): state with another one is refused. */
  readonly format: string;
  /** What in it has a version; absent: nothing. State of another version is migrated, or refused. */
  readonly versions?: readonly VersionedPart[];
  /** Gives what changed since the last call, by group, and forgets that it did. */
  changes(emit: (group: number, bytes: Uint8Array) => void): void;
  /** All that the table holds of a group, or undefined for nothing. */
  full(group: number): Uint8Array | undefined;
  /** Applies a block, full or changes; blocks of a group come in the order they were committed. */
  load(group: number, bytes: Uint8Array): void;
  /** Puts what `made` makes of them in place of all values of a group that have a version; it was loaded a moment ago. */
  migrate?(group: number, made: (part: VersionedPart, value: unknown) => unknown): void;
  /** Keys or rows held, for the metrics. */
  readonly size: number;
  /** Estimated memory in bytes, for the metrics. */
  readonly memoryBytes: number;
}

/** Values in a table that have a version. */
export interface VersionedPart {
  /** Unique within its table. */
  readonly name: string;
  readonly version: number;
  /** Absent: there is no way from older versions. */
  readonly migrate: ((old: unknown, from: number) => unknown) | undefined;
}
