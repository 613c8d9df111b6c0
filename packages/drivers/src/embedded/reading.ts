import { MillraceError } from "@millrace/core";
import type { LinkBatch, StateAddress, TopicChunk } from "@millrace/core/internal";
import { STRIDE } from "./catalog.ts";
import type { Log } from "./log.ts";
import { CHUNK_STRIDE, chunkHolding } from "./topic-log.ts";

/** How much of a link is read at once. */
const PENDING_BYTES = 1024 * 1024;
const PENDING_BATCHES = 256;

export function readState({ catalog, segments }: Log, { table, group }: StateAddress): Uint8Array[] {
  const chain = catalog.tables.get(table)?.groups.get(group);
  return chain === undefined ? [] : segments.read(chain.extents);
}

/** The next batches of a link above `after`, a megabyte or so; none at its end. */
export function readPending({ catalog, segments }: Log, name: string, after: number): LinkBatch[] {
  const link = catalog.links.get(name);
  if (link === undefined) return [];
  const first = Math.max(after, link.applied) + 1;
  const from = link.head + (first - link.applied - 1) * STRIDE;
  let to = from;
  for (let bytes = 0; to < link.extents.length && to < from + PENDING_BATCHES * STRIDE && bytes < PENDING_BYTES; to += STRIDE) {
    bytes += link.extents[to + 2];
  }
  const blocks = segments.read(link.extents.slice(from, to));
  return blocks.map((bytes, i) => ({ link: name, sequence: first + i, bytes }));
}

/** See Topics.read. */
export function readTopic({ catalog, segments, tables }: Log, topic: string, partition: number, offset: number, maxBytes: number): TopicChunk[] {
  const log = catalog.topics.get(topic)?.logs[partition];
  if (log === undefined || offset >= log.end) return [];
  if (offset < log.start) {
    const message = `offset ${offset} is gone, retention begins at ${log.start}.`;
    throw new MillraceError("MILLRACE_POSITION_LOST", `topic ${topic}/${partition}`, message);
  }
  const extents: number[] = [];
  const found: { offset: number; count: number }[] = [];
  let room = maxBytes;
  for (let index = log.runHolding(offset); index < log.runs.length; index++) {
    const run = log.runs[index];
    const chunks = tables.get(run);
    for (let i = chunkHolding(chunks, Math.max(offset, run.first)); i < chunks.length; i += CHUNK_STRIDE) {
      if (found.length > 0 && chunks[i + 3] > room) return join(segments.read(extents), found);
      room -= chunks[i + 3];
      found.push({ offset: chunks[i], count: chunks[i + 1] });
      extents.push(run.segment, chunks[i + 2], chunks[i + 3], chunks[i + 4]);
    }
  }
  return join(segments.read(extents), found);
}

function join(blocks: readonly Uint8Array[], places: readonly { offset: number; count: number }[]): TopicChunk[] {
  return blocks.map((bytes, i) => ({ offset: places[i].offset, count: places[i].count, bytes }));
}
