import type { Catalog, Segment, Slot } from "./catalog.ts";
import { STRIDE } from "./catalog.ts";
import type { GroupWriter } from "./group-writer.ts";
import { EntryKind, FrameKind, NameSpace } from "./layout.ts";
import { encodeChunks, encodeRun, type Run } from "./topic-log.ts";

const text = new TextEncoder();

/**
 * Writes the whole index as a frame, the first of a new segment: a restart reads this one and what
 * follows it, and everything small (roots, records, names) lives nowhere else.
 */
export function writeSnapshot(writer: GroupWriter, catalog: Catalog, time: number): void {
  writer.begin(FrameKind.snapshot, catalog.frameNumber + 1, time);
  for (const segment of catalog.segments.values()) writeSegment(writer, segment);
  for (const slot of catalog.slots) {
    writeName(writer, NameSpace.partition, slot.id, slot.name);
    writeRoot(writer, slot);
  }
  for (const [name, bytes] of catalog.records) writeRecord(writer, name, bytes);
  writeLinks(writer, catalog);
  writeState(writer, catalog);
  writeTopics(writer, catalog);
  writer.finish();
}

/** Writes the chunk tables of the runs in `segment`, which ends; gives the runs in the order of the tables. */
export function writeSeal(writer: GroupWriter, catalog: Catalog, segment: number, time: number): Run[] {
  const runs: Run[] = [];
  writer.begin(FrameKind.seal, catalog.frameNumber + 1, time);
  for (const topic of catalog.topics) {
    for (const log of topic.logs) {
      for (const run of log.runs) {
        if (run.segment !== segment || run.chunks === undefined) continue;
        runs.push(run);
        writer.entry(EntryKind.table, 0, topic.id, log.partition, run.first, 0, 0);
        writer.payload(encodeChunks(run.chunks, run.first));
      }
    }
  }
  writer.finish();
  return runs;
}

export function writeName(writer: GroupWriter, space: NameSpace, id: number, name: string): void {
  writer.entry(EntryKind.name, space, id, 0, 0, 0, 0);
  writer.inline(text.encode(name));
}

export function writeRoot(writer: GroupWriter, { id, root, retired }: Pick<Slot, "id" | "root" | "retired">): void {
  writer.entry(EntryKind.root, retired ? 1 : 0, id, 0, root.epoch, 0, root.version);
  writer.inline(new Uint8Array(Float64Array.of(root.wakeAt).buffer));
  writer.inline(root.progress);
}

export function writeRecord(writer: GroupWriter, name: string, bytes: Uint8Array): void {
  const encoded = text.encode(name);
  writer.entry(EntryKind.record, 0, encoded.length, 0, 0, 0, 0);
  writer.inline(encoded);
  writer.inline(bytes);
}

function writeSegment(writer: GroupWriter, { number, size }: Segment): void {
  writer.entry(EntryKind.segment, 0, number, 0, size, 0, 0);
}

function writeLinks(writer: GroupWriter, catalog: Catalog): void {
  for (const { id, name, last, applied, extents, head } of catalog.links) {
    writeName(writer, NameSpace.link, id, name);
    writer.entry(EntryKind.link, 0, id, 0, last, 0, applied);
    for (let i = head, sequence = applied + 1; i < extents.length; i += STRIDE, sequence++) {
      writer.entry(EntryKind.sendAt, 0, id, extents[i], sequence, extents[i + 1], 0);
      writer.located(extents[i + 2], extents[i + 3]);
    }
  }
}

function writeState(writer: GroupWriter, catalog: Catalog): void {
  for (const { id, name, groups } of catalog.tables) {
    writeName(writer, NameSpace.table, id, name);
    for (const { group, extents, full } of groups.values()) {
      for (let i = 0; i < extents.length; i += STRIDE) {
        writer.entry(EntryKind.stateAt, full && i === 0 ? 1 : 0, id, group, extents[i], extents[i + 1], 0);
        writer.located(extents[i + 2], extents[i + 3]);
      }
    }
  }
}

function writeTopics(writer: GroupWriter, catalog: Catalog): void {
  for (const { id, name, bytes, milliseconds, logs } of catalog.topics) {
    writeName(writer, NameSpace.topic, id, name);
    writer.entry(EntryKind.retention, 0, id, 0, bytes, 0, milliseconds);
    for (const log of logs) {
      writer.entry(EntryKind.topicLog, 0, id, log.partition, log.start, 0, log.end);
      for (const run of log.runs) {
        writer.entry(EntryKind.run, 0, id, log.partition, 0, 0, 0);
        writer.inline(encodeRun(run));
      }
    }
  }
}
