/**
 * State of an operator in one partition, kept in memory and committed as blocks per key group. The
 * bytes are the table's own; the engine stores and returns them.
 */
export interface StateTable {
  /** Unique within its operator. */
  readonly name: string;
  /** Says what the bytes mean (layout, aggregates, versions): state with another one is refused. */
  readonly format: string;
  /** Gives what changed since the last call, by group, and forgets that it did. */
  changes(emit: (group: number, bytes: Uint8Array) => void): void;
  /** All that the table holds of a group, or undefined for nothing. */
  full(group: number): Uint8Array | undefined;
  /** Applies a block, full or changes; blocks of a group come in the order they were committed. */
  load(group: number, bytes: Uint8Array): void;
  /** Keys or rows held, for the metrics. */
  readonly size: number;
  /** Estimated memory in bytes, for the metrics. */
  readonly memoryBytes: number;
}
