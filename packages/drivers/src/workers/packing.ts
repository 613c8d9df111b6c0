import { ByteReader, ByteWriter } from "@millrace/core/internal";
import type { Commit, LinkBatch, Measured, TopicChunk } from "@millrace/core/internal";

/** Bytes on their way to another thread: the first `length` of a buffer that is given away with them. */
export interface Packed {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

/** One buffer for a whole commit; reading it back copies nothing. */
export function packCommit(commit: Commit): Packed {
  const { state, sends, applied, appends, progress } = commit;
  let size = 256 + progress.length + 64 * (state.length + sends.length + appends.length + applied.length);
  for (const { bytes } of state) size += bytes.length;
  for (const { bytes, link } of sends) size += bytes.length + link.length;
  for (const { bytes } of appends) size += bytes.length;
  for (const { link } of applied) size += link.length;
  const writer = new ByteWriter(size);
  writer.string(commit.partition);
  writer.varint(commit.epoch);
  writer.varint(commit.version);
  writer.f64(commit.wakeAt);
  writeBytes(writer, progress);
  writer.varint(state.length);
  // Blocks come table by table: a name is written where it changes.
  let table = "";
  for (const block of state) {
    writer.u8((block.full ? 1 : 0) | (block.table === table ? 0 : 2));
    if (block.table !== table) writer.string((table = block.table));
    writer.varint(block.group);
    writeBytes(writer, block.bytes);
  }
  writeBatches(writer, sends);
  writer.varint(applied.length);
  for (const { link, sequence } of applied) {
    writer.string(link);
    writer.varint(sequence);
  }
  writer.varint(appends.length);
  for (const { topic, partition, count, bytes } of appends) {
    writer.string(topic);
    writer.varint(partition);
    writer.varint(count);
    writeBytes(writer, bytes);
  }
  writer.varint(commit.times?.size ?? 0);
  for (const [topic, time] of commit.times ?? []) {
    writer.string(topic);
    writer.f64(time);
  }
  writeMeasured(writer, commit.measured);
  return taken(writer);
}

export function unpackCommit(packed: Packed): Commit {
  const reader = readerOf(packed);
  const partition = reader.string();
  const epoch = reader.varint();
  const version = reader.varint();
  const wakeAt = reader.f64();
  const progress = readBytes(reader);
  let table = "";
  const state = times(reader.varint(), () => {
    const flags = reader.u8();
    if ((flags & 2) !== 0) table = reader.string();
    return { table, group: reader.varint(), full: (flags & 1) !== 0, bytes: readBytes(reader) };
  });
  const sends = readBatches(reader);
  const applied = times(reader.varint(), () => ({ link: reader.string(), sequence: reader.varint() }));
  const appends = times(reader.varint(), () => ({ topic: reader.string(), partition: reader.varint(), count: reader.varint(), bytes: readBytes(reader) }));
  const written = new Map(times(reader.varint(), () => [reader.string(), reader.f64()]));
  const measured = readMeasured(reader);
  return { partition, epoch, version, progress, wakeAt, state, sends, applied, appends, times: written, ...(measured === undefined ? {} : { measured }) };
}

export function packBlocks(blocks: readonly Uint8Array[]): Packed {
  const writer = new ByteWriter(blocks.reduce((sum, { length }) => sum + length + 8, 16));
  writer.varint(blocks.length);
  for (const block of blocks) writeBytes(writer, block);
  return taken(writer);
}

export function unpackBlocks(packed: Packed): Uint8Array[] {
  const reader = readerOf(packed);
  return times(reader.varint(), () => readBytes(reader));
}

export function packBatches(batches: readonly LinkBatch[]): Packed {
  const writer = new ByteWriter(batches.reduce((sum, { bytes, link }) => sum + bytes.length + link.length * 3 + 32, 16));
  writeBatches(writer, batches);
  return taken(writer);
}

export function unpackBatches(packed: Packed): LinkBatch[] {
  return readBatches(readerOf(packed));
}

export function packChunks(chunks: readonly TopicChunk[]): Packed {
  const writer = new ByteWriter(chunks.reduce((sum, { bytes }) => sum + bytes.length + 40, 16));
  writer.varint(chunks.length);
  for (const { offset, count, bytes, since = Number.NaN } of chunks) {
    writer.varint(offset);
    writer.varint(count);
    writer.f64(since);
    writeBytes(writer, bytes);
  }
  return taken(writer);
}

export function unpackChunks(packed: Packed): TopicChunk[] {
  const reader = readerOf(packed);
  return times(reader.varint(), () => {
    const offset = reader.varint();
    const count = reader.varint();
    const since = reader.f64();
    const bytes = readBytes(reader);
    return Number.isNaN(since) ? { offset, count, bytes } : { offset, count, bytes, since };
  });
}

/** What a writer holds, with its buffer: the writer must not be used again. */
export function taken(writer: ByteWriter): Packed {
  const bytes = writer.bytes();
  return { buffer: bytes.buffer, length: bytes.length };
}

export function readerOf({ buffer, length }: Packed): ByteReader {
  return new ByteReader(new Uint8Array(buffer, 0, length));
}

function writeMeasured(writer: ByteWriter, measured: Measured | undefined): void {
  writer.u8(measured === undefined ? 0 : 1);
  if (measured === undefined) return;
  const { atomsIn, atomsRead, bytesRead, reads, atomsOut, atomsSent, late, dead, retries, busy, since, positions } = measured;
  for (const count of [atomsIn, atomsRead, reads, atomsOut, atomsSent, late, dead, retries]) writer.varint(count);
  writer.f64(bytesRead);
  writer.f64(busy);
  writer.varint(since.length);
  for (const one of since) writer.f64(one);
  writer.varint(positions.length);
  for (const { split, next } of positions) {
    writer.string(split);
    writer.varint(next);
  }
}

function readMeasured(reader: ByteReader): Measured | undefined {
  if (reader.u8() === 0) return undefined;
  const count = (): number => reader.varint();
  return {
    atomsIn: count(),
    atomsRead: count(),
    reads: count(),
    atomsOut: count(),
    atomsSent: count(),
    late: count(),
    dead: count(),
    retries: count(),
    bytesRead: reader.f64(),
    busy: reader.f64(),
    since: times(count(), () => reader.f64()),
    positions: times(count(), () => ({ split: reader.string(), next: count() })),
  };
}

function writeBatches(writer: ByteWriter, batches: readonly LinkBatch[]): void {
  writer.varint(batches.length);
  for (const { link, sequence, bytes } of batches) {
    writer.string(link);
    writer.varint(sequence);
    writeBytes(writer, bytes);
  }
}

function readBatches(reader: ByteReader): LinkBatch[] {
  return times(reader.varint(), () => ({ link: reader.string(), sequence: reader.varint(), bytes: readBytes(reader) }));
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.append(bytes);
}

function readBytes(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.varint());
}

function times<T>(count: number, make: () => T): T[] {
  const made: T[] = [];
  for (let i = 0; i < count; i++) made.push(make());
  return made;
}
