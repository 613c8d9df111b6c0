import type { Clock } from "@millrace/core/internal";
import type { Catalog } from "./catalog.ts";
import { ChunkTables } from "./chunk-tables.ts";
import type { GroupWriter } from "./group-writer.ts";
import { ENTRY, ENTRY_BYTES, EntryKind, FRAME, FRAME_HEADER_BYTES, FrameKind, SEGMENT_HEADER_BYTES } from "./layout.ts";
import { recover } from "./recovery.ts";
import { segmentHeader, type Segments } from "./segments.ts";
import { writeSeal, writeSnapshot } from "./snapshot.ts";

/** A segment ends at this many frames too, so that a restart has no more of them to read again. */
const MOST_FRAMES = 1 << 17;
/** A snapshot is at most this share of a segment, so that writing snapshots stays cheap. */
const SNAPSHOT_SHARE = 1 / 8;
/** Segments do not grow beyond this for the sake of their snapshot (positions have 32 bits). */
const LARGEST_SEGMENT = 512 * 1024 * 1024;

export interface LogOptions {
  readonly segmentBytes: number;
  /** Whether new segments are synced when they are made. */
  readonly sync: boolean;
  readonly clock: Clock;
  /** By topic and partition: from which offset on atoms stay, whatever retention says. */
  readonly holds: ReadonlyMap<string, number>;
}

/** The log being written: index, active segment, and the group of frames that is under way. */
export class Log {
  readonly catalog: Catalog;
  readonly segments: Segments;
  readonly tables: ChunkTables;
  readonly group: GroupWriter;
  /** Frames that opening read again. */
  readonly recoveredFrames: number;
  readonly #options: LogOptions;
  #active: number;
  #end: number;
  #frames: number;
  #limit: number;
  #now = 0;

  /** Opens what is in the folder, or begins a new log. */
  constructor(segments: Segments, group: GroupWriter, options: LogOptions) {
    const { catalog, active, end, frames } = recover(segments);
    this.catalog = catalog;
    this.segments = segments;
    this.tables = new ChunkTables(segments);
    this.group = group;
    this.recoveredFrames = frames;
    this.#options = options;
    this.#active = active;
    this.#end = end;
    this.#frames = frames;
    this.#limit = options.segmentBytes;
    if (active === 0) this.#startSegment(1);
  }

  get active(): number {
    return this.#active;
  }

  /** Starts a group, in a new segment where the active one is full. */
  beginGroup(): void {
    this.#now = this.#options.clock.now();
    if (this.#end >= this.#limit || this.#frames >= MOST_FRAMES) this.#roll();
    this.group.reset(this.#end);
  }

  beginFrame(kind: number): void {
    this.group.begin(kind, this.catalog.frameNumber + 1, this.#now);
  }

  /** Completes the frame and takes it into the index; gives its bytes, payload included. */
  endFrame(): number {
    const { group } = this;
    const before = group.framePosition;
    group.finish();
    this.catalog.apply(group.bytes, group.view, group.frameAt, this.#active, group.framePosition);
    this.#frames++;
    return this.#end + group.size - before;
  }

  /** Adds a frame that trims the topics given, where retention asks for it. */
  trim(logs: Catalog["grown"]): void {
    const { holds } = this.#options;
    const due = [...new Set(logs)].flatMap((log) => {
      if (!log.overdue(this.#now)) return [];
      const start = log.retained(this.#now, holds.get(holdName(log.topic.name, log.partition)) ?? Infinity);
      return start > log.start ? [{ log, start }] : [];
    });
    if (due.length === 0) return;
    this.beginFrame(FrameKind.retention);
    for (const { log, start } of due) {
      const { id } = this.catalog.topic(log.topic.name);
      this.group.entry(EntryKind.trim, 0, id, log.partition, start, 0, 0);
    }
    this.endFrame();
  }

  /** Writes the group. After a failure the index is ahead of the file: take the log back. */
  writeGroup(): void {
    this.segments.files.write(this.segments.file(this.#active), this.group.pieces(), this.#end);
    this.#end += this.group.size;
    this.catalog.segment(this.#active).size = this.#end;
  }

  /** Cuts off what a failed group left in the file. */
  takeBack(): void {
    this.segments.files.truncate(this.segments.file(this.#active), this.#end);
  }

  sync(): Promise<void> {
    return this.segments.files.syncLater(this.segments.file(this.#active));
  }

  /** Segments without live bytes, which may go as soon as what was written is safe. */
  takeDead(): number[] {
    const dead = this.catalog.dead.filter((number) => number !== this.#active && this.catalog.segments.get(number)?.live === 0);
    this.catalog.dead = [];
    return dead;
  }

  drop(dead: readonly number[]): void {
    for (const number of dead) {
      this.catalog.segments.delete(number);
      this.segments.removeLater(number);
    }
  }

  /** Ends the log in order: nothing before the end can then be taken for a torn write. */
  close(): void {
    this.beginGroup();
    this.beginFrame(FrameKind.close);
    this.endFrame();
    this.writeGroup();
    if (this.#options.sync) this.segments.files.sync(this.segments.file(this.#active));
  }

  #roll(): void {
    const { group, catalog } = this;
    group.reset(this.#end);
    for (const topic of catalog.topics) this.trim(topic.logs);
    const runs = writeSeal(group, catalog, this.#active, this.#now);
    catalog.frameNumber++;
    const { view, frameAt } = group;
    let entry = frameAt + FRAME_HEADER_BYTES;
    let position = group.framePosition + FRAME_HEADER_BYTES + view.getUint32(frameAt + FRAME.directoryBytes, true);
    const stored: (() => void)[] = [];
    for (const run of runs) {
      const length = view.getUint32(entry + ENTRY.length, true);
      const checksum = view.getUint32(entry + ENTRY.checksum, true);
      const at = position;
      stored.push(() => this.tables.store(run, at, length, checksum));
      entry += ENTRY_BYTES;
      position += length;
    }
    this.writeGroup();
    if (this.#options.sync) this.segments.files.sync(this.segments.file(this.#active));
    for (const store of stored) store();
    const { live, number } = catalog.segment(this.#active);
    if (live === 0) catalog.dead.push(number);
    this.#startSegment(this.#active + 1);
  }

  #startSegment(number: number): void {
    const { files, directory } = this.segments;
    const { group } = this;
    group.reset(0, SEGMENT_HEADER_BYTES);
    writeSnapshot(group, this.catalog, this.#now);
    const file = this.segments.create(number);
    files.write(file, [segmentHeader(number), ...group.pieces()], 0);
    if (this.#options.sync) {
      files.sync(file);
      files.syncDirectory(directory);
    }
    this.segments.setActive(number);
    this.catalog.frameNumber++;
    this.#active = number;
    this.#end = SEGMENT_HEADER_BYTES + group.size;
    this.#frames = 1;
    this.catalog.segment(number).size = this.#end;
    this.#limit = Math.min(LARGEST_SEGMENT, Math.max(this.#options.segmentBytes, group.size / SNAPSHOT_SHARE));
  }
}

export function holdName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
