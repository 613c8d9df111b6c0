/**
 * The bytes of the log, little-endian. A segment file is a header (32 bytes), then frames, the first
 * of them a snapshot of the whole index. A frame is a header, a directory and a payload:
 *
 *   header     48 bytes: see FRAME
 *   directory  fixed entries (40 bytes: see ENTRY), then their inline bytes (names, roots, records)
 *   payload    the bytes of blocks, batches and chunks, in the order of their entries
 *
 * Header and directory share a checksum, each piece of payload has one in its entry: a restart reads
 * directories only, and a piece is verified when it is read. Directory and payload end on multiples of 8.
 */
export const FORMAT_VERSION = 1;

export const SEGMENT_HEADER_BYTES = 32;
/** "MILLRACE" */
export const SEGMENT_MAGIC = [0x4c4c494d, 0x45434152] as const;
/** Byte offsets in a segment header. */
export const SEGMENT = { magic: 0, version: 8, number: 12, checksum: 28 } as const;

export const FRAME_HEADER_BYTES = 48;
export const FRAME_MAGIC = 0x4652_4c4d;
/** Byte offsets in a frame header; the checksum covers all from `directoryBytes` to the directory's end. */
export const FRAME = {
  magic: 0,
  checksum: 4,
  directoryBytes: 8,
  entries: 12,
  payloadBytes: 16,
  /** Where the write that carried this frame began: all before it had been acknowledged by then. */
  groupStart: 20,
  kind: 24,
  /** Frames are numbered densely over all segments (f64). */
  number: 32,
  /** When it was written (f64, epoch milliseconds). */
  time: 40,
} as const;

export const ENTRY_BYTES = 40;
/** Byte offsets in an entry; what the fields mean depends on its kind, see `Catalog`. */
export const ENTRY = { kind: 0, flag: 1, a: 4, b: 8, length: 12, checksum: 16, d: 20, c: 24, e: 32 } as const;

export const FrameKind = {
  commit: 1,
  root: 2,
  record: 3,
  retention: 4,
  /** Live bytes of an old segment, copied so that it can go. */
  copy: 5,
  snapshot: 6,
  /** Chunk tables of the segment it ends. */
  seal: 7,
  /** All before it was acknowledged: the log was closed in order. */
  close: 8,
} as const;

export const EntryKind = {
  /** flag: NameSpace, a: id, inline: UTF-8. */
  name: 1,
  /** a: partition, flag: retired, c: epoch, e: version, inline: wakeAt (f64) and progress. */
  root: 2,
  /** a: table, b: group, flag: full; payload. */
  state: 3,
  /** a: link, c: sequence; payload. */
  send: 4,
  /** a: link, c: sequence. */
  applied: 5,
  /** a: topic, b: partition, c: first offset, d: count; payload. */
  append: 6,
  /** a: bytes of the name, inline: name and value. */
  record: 7,
  /** a: topic, c: bytes, e: milliseconds. */
  retention: 8,
  /** a: topic, b: partition, c: new start. */
  trim: 9,
  /** As state, c: old segment, d: old position; payload. */
  moveState: 10,
  /** As send; payload. */
  moveSend: 11,
  /** As append, e: time of the append; payload. */
  moveChunk: 12,
  /** Snapshot: a: link, c: last sequence, e: applied sequence. */
  link: 13,
  /** Snapshot: as send, b: segment, d: position; no payload here. */
  sendAt: 14,
  /** Snapshot: as state, c: segment, d: position; no payload here. */
  stateAt: 15,
  /** Snapshot: a: topic, b: partition, c: start, e: end. */
  topicLog: 16,
  /** Snapshot: a: topic, b: partition, inline: see `RUN_BYTES` in the snapshot. */
  run: 17,
  /** Snapshot: a: number, c: bytes of the file. */
  segment: 18,
  /** Seal: a chunk table of the segment; payload. */
  table: 19,
} as const;

/** What a name entry names. */
export const NameSpace = { partition: 0, table: 1, link: 2, topic: 3 } as const;
export type NameSpace = (typeof NameSpace)[keyof typeof NameSpace];

/** Whether entries of this kind have bytes in the payload (else `length` counts inline bytes). */
export function hasPayload(kind: number): boolean {
  switch (kind) {
    case EntryKind.state:
    case EntryKind.send:
    case EntryKind.append:
    case EntryKind.moveState:
    case EntryKind.moveSend:
    case EntryKind.moveChunk:
    case EntryKind.table:
      return true;
    default:
      return false;
  }
}

/** Whether `length` counts inline bytes. */
export function hasInline(kind: number): boolean {
  return kind === EntryKind.name || kind === EntryKind.root || kind === EntryKind.record || kind === EntryKind.run;
}

export function roundUp(bytes: number): number {
  return (bytes + 7) & ~7;
}
