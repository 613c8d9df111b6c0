import * as zlib from "node:zlib";
import { MillraceError } from "@millrace/core";
import { Catalog } from "./catalog.ts";
import { ENTRY, ENTRY_BYTES, FRAME, FRAME_HEADER_BYTES, FrameKind, hasPayload, SEGMENT_HEADER_BYTES } from "./layout.ts";
import { Scanner } from "./scanner.ts";
import type { Segments } from "./segments.ts";
import { isSegmentHeader } from "./segments.ts";
import { corrupt, reason } from "./store-errors.ts";

/** What a log is after a restart: the index, and where the next frame goes. */
export interface Recovered {
  readonly catalog: Catalog;
  /** 0: there is no segment yet. */
  readonly active: number;
  readonly end: number;
  /** Frames that were read again. */
  readonly frames: number;
}

/**
 * Reads the newest segment: its snapshot and what follows. Removes what a killed writer left: a torn
 * end, a segment that was not finished being created, segments that hold nothing. Throws
 * MILLRACE_STORE_CORRUPT where anything that was acknowledged is missing or damaged.
 */
export function recover(segments: Segments): Recovered {
  const numbers = segments.list();
  let newest = numbers.at(-1);
  if (newest === undefined) return { catalog: new Catalog(), active: 0, end: 0, frames: 0 };
  let recovered = readSegment(segments, newest);
  if (recovered === undefined) {
    segments.remove(newest);
    numbers.pop();
    if (newest === 1) return { catalog: new Catalog(), active: 0, end: 0, frames: 0 };
    const unfinished = newest;
    newest = numbers.at(-1);
    recovered = newest === unfinished - 1 ? readSegment(segments, newest) : undefined;
    if (newest === undefined || recovered === undefined) {
      throw corrupt(segments.path(unfinished - 1), 0, "the newest segment is damaged or missing.");
    }
  }
  tidy(segments, recovered.catalog, numbers, newest);
  return recovered;
}

/** Reads one segment from its snapshot on; undefined where it was not finished being created. */
function readSegment(segments: Segments, number: number): Recovered | undefined {
  const { files } = segments;
  const file = segments.activate(number);
  const scanner = new Scanner(files, file);
  const header = new Uint8Array(SEGMENT_HEADER_BYTES);
  const headerRead = files.read(file, header, 0);
  const snapshotLength = scanner.frame(SEGMENT_HEADER_BYTES);
  if (headerRead < header.length || !isSegmentHeader(header, number) || snapshotLength === 0) {
    const at = headerRead === header.length && isSegmentHeader(header, number) ? SEGMENT_HEADER_BYTES : 0;
    if (scanner.acknowledgedAfter(at)) throw corrupt(segments.path(number), at, "the segment's beginning is damaged.");
    return undefined;
  }
  for (let limit = scanner.size; ; ) {
    const { recovered, tornAt } = replay(segments, scanner, number, limit);
    if (tornAt === undefined) {
      if (recovered.end < scanner.size) files.truncate(file, recovered.end);
      return recovered;
    }
    limit = tornAt;
  }
}

interface Replayed {
  readonly recovered: Recovered;
  /** Where payload of the last write is torn, so that replaying has to end there. */
  readonly tornAt: number | undefined;
}

function replay(segments: Segments, scanner: Scanner, number: number, limit: number): Replayed {
  const catalog = new Catalog();
  let position = SEGMENT_HEADER_BYTES;
  let frames = 0;
  let groupStart = -1;
  let group: number[] = [];
  while (position < limit) {
    const length = scanner.frame(position);
    if (length === 0 || position + length > limit) break;
    const { view, bytes, at } = scanner;
    const isSnapshot = view.getUint32(at + FRAME.kind, true) === FrameKind.snapshot;
    const follows = view.getFloat64(at + FRAME.number, true) === catalog.frameNumber + 1;
    if (isSnapshot !== (frames === 0) || (!isSnapshot && !follows)) break;
    apply(catalog, segments, bytes, view, at, number, position);
    const start = view.getUint32(at + FRAME.groupStart, true);
    if (start !== groupStart) group = [];
    groupStart = start;
    group.push(position);
    position += length;
    frames++;
  }
  if (position < limit && limit === scanner.size && scanner.acknowledgedAfter(position)) {
    throw corrupt(segments.path(number), position, "a frame is damaged, and good ones follow it.");
  }
  catalog.crossed = [];
  catalog.grown = [];
  catalog.dead = [];
  catalog.segment(number).size = position;
  const tornAt = group.find((frame) => !payloadIsWhole(segments, scanner, number, frame));
  return { recovered: { catalog, active: number, end: position, frames }, tornAt };
}

function apply(catalog: Catalog, segments: Segments, bytes: Uint8Array, view: DataView, at: number, number: number, position: number): void {
  try {
    catalog.apply(bytes, view, at, number, position);
  } catch (error) {
    if (error instanceof MillraceError && error.code !== "MILLRACE_INVARIANT") throw error;
    throw corrupt(segments.path(number), position, `a frame contradicts those before it (${reason(error)}).`);
  }
}

function payloadIsWhole(segments: Segments, scanner: Scanner, number: number, position: number): boolean {
  if (scanner.frame(position) === 0) return false;
  const { view, at } = scanner;
  let payloadAt = position + FRAME_HEADER_BYTES + view.getUint32(at + FRAME.directoryBytes, true);
  const entries = view.getUint32(at + FRAME.entries, true);
  for (let i = 0, entry = at + FRAME_HEADER_BYTES; i < entries; i++, entry += ENTRY_BYTES) {
    if (!hasPayload(view.getUint8(entry + ENTRY.kind))) continue;
    const piece = new Uint8Array(view.getUint32(entry + ENTRY.length, true));
    segments.files.read(segments.file(number), piece, payloadAt);
    if (zlib.crc32(piece) !== view.getUint32(entry + ENTRY.checksum, true)) return false;
    payloadAt += piece.length;
  }
  return true;
}

/** Compares the files with the index: nothing that it points into may be missing, the rest goes. */
function tidy(segments: Segments, catalog: Catalog, numbers: readonly number[], active: number): void {
  const present = new Set(numbers);
  for (const segment of [...catalog.segments.values()]) {
    if (segment.number === active) continue;
    if (segment.live === 0) catalog.segments.delete(segment.number);
    else if (!present.has(segment.number)) throw corrupt(segments.path(segment.number), 0, "the segment is missing.");
    else checkSize(segments, segment.number, segment.size);
  }
  for (const number of numbers) if (!catalog.segments.has(number)) segments.remove(number);
}

function checkSize(segments: Segments, number: number, size: number): void {
  const actual = segments.files.size(segments.file(number));
  if (actual < size) throw corrupt(segments.path(number), actual, `the segment should have ${size} bytes.`);
}
