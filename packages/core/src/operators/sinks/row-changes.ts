import { ByteReader, type ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import { DELETE, PROVISIONAL } from "../../contracts/batch.ts";

/** One change of a collection's row. */
export interface RowChange {
  /** The encoded key. */
  readonly key: Uint8Array;
  /** AFTER or DELETE, perhaps PROVISIONAL. */
  readonly kind: number;
  /** Event time from which on it holds; NaN: from when it is read. */
  readonly time: number;
  /** NaN where nobody judged its time: a person's edit. */
  readonly stamp: number;
  /** The row, or of a DELETE the one that was there. */
  readonly row: unknown;
}

/** Throws MILLRACE_SCHEMA, having written nothing, for a row that cannot be stored. */
export function encodeChange(writer: ByteWriter, { key, kind, time, stamp, row }: RowChange): void {
  const before = writer.length;
  try {
    writer.varint(key.length);
    writer.append(key);
    writer.u8(kind);
    writer.f64(time);
    writer.f64(stamp);
    encodeValue(row, writer);
  } catch (error) {
    writer.reset(before);
    throw error;
  }
}

/** The changes of a chunk of the log, in order. */
export function* decodeChanges(bytes: Uint8Array): Iterable<RowChange> {
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    const key = reader.bytes(reader.varint());
    const kind = reader.u8();
    const time = reader.f64();
    const stamp = reader.f64();
    yield { key, kind, time, stamp, row: decodeValue(reader) };
  }
}

/** Whether a change takes its row away. */
export function isDelete({ kind }: RowChange): boolean {
  return (kind & ~PROVISIONAL) === DELETE;
}

/** One row of a snapshot, after its key; `row` undefined where a delta of an older store took it away. */
export function encodeSnapshotRow(writer: ByteWriter, key: Uint8Array, row: unknown): void {
  writer.varint(key.length);
  writer.append(key);
  writer.u8(1);
  encodeValue(row, writer);
}

/** The rows of a snapshot's block. */
export function* decodeSnapshot(bytes: Uint8Array): Iterable<{ readonly key: Uint8Array; readonly row: unknown }> {
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    const key = reader.bytes(reader.varint());
    yield { key, row: reader.u8() === 0 ? undefined : decodeValue(reader) };
  }
}
