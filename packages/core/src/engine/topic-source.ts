import { ByteReader } from "../codec/bytes.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";
import type { Batch } from "../contracts/batch.ts";
import type { Ledger } from "../contracts/ledger.ts";
import type { Chunk, Source, SplitReader } from "../contracts/source.ts";
import type { TopicChunk, TopicRange, Topics } from "../contracts/topics.ts";
import { collectionOf } from "../graph/refs.ts";
import { BatchDecoder } from "./batch-codec.ts";
import { changesChunk, snapshotChunk } from "./collections/reading.ts";

const READ_BYTES = 1024 * 1024;

/** How the readers of topics learn that there is more. */
export interface TopicSignal {
  /** Calls back whenever a topic has grown, or time has come further in it; the result ends it. */
  onGrowth(topic: string, callback: () => void): () => void;
}

/** What is read of a topic at once: how far it goes, and chunks from an offset on. */
export interface TopicPage {
  readonly range: TopicRange;
  readonly chunks: readonly TopicChunk[];
}

/** Reads the atoms of a topic's partition from an offset on; from 0: from the first that is kept. */
export type ReadPage = (topic: string, partition: number, offset: number) => Promise<TopicPage>;

export function pagesOf(topics: Pick<Topics, "range" | "read">): ReadPage {
  return async (topic, partition, offset) => {
    const range = await topics.range(topic, partition);
    const chunks = offset < range.end ? await topics.read(topic, partition, offset === 0 ? range.start : offset, READ_BYTES) : [];
    return { range, chunks };
  };
}

/** Where topics are read from. */
export interface TopicPorts {
  readonly read: ReadPage;
  readonly signal: TopicSignal;
  /** Where snapshots of collections lie. */
  readonly ledger: Pick<Ledger, "root" | "groups" | "state">;
}

/**
 * The atoms of a topic in the ledger's store, one split a partition; without end unless ranges say that it is
 * complete. Of a collection's change log it is the changes, from the beginning on those of its snapshot first.
 */
export function topicSource(topic: string, partitions: number, ports: TopicPorts): Source {
  return {
    name: topic,
    stored: true,
    splits: () => Promise.resolve(Array.from({ length: partitions }, (_, partition) => ({ id: String(partition), parallel: false }))),
    open: ({ split, position }) => Promise.resolve(openTopic(topic, Number(split), position, ports)),
  };
}

function openTopic(topic: string, partition: number, position: number, { read, signal, ledger }: TopicPorts): SplitReader {
  const collection = collectionOf(topic);
  const decoder = new BatchDecoder(undefined);
  const decode = (chunk: TopicChunk, skip: number): Chunk => (collection === undefined ? decodeAtoms(chunk, skip, decoder) : changesChunk(chunk, skip));
  const waiting: Chunk[] = [];
  let offset = position;
  let deaf: (() => void) | undefined;
  /** Whether there may be more: what was read went to the end, and nothing has been said since. */
  let more = true;
  /** What holds once all that waits was given. */
  let promised = -Infinity;
  return {
    async next() {
      if (waiting.length > 0 || !more) return waiting.shift() ?? "idle";
      // Before it is asked: growth that is told while the answer is under way may not be in it.
      more = deaf === undefined;
      const { range, chunks } = await read(topic, partition, offset);
      const { start, end, complete, watermark = -Infinity } = range;
      if (collection !== undefined && offset === 0 && start > 0) {
        const chunk = await snapshotChunk(collection, ledger);
        waiting.push(chunk);
        offset = chunk.next;
        more = true;
        return waiting.shift() ?? "idle";
      }
      for (const chunk of chunks) {
        waiting.push(decode(chunk, Math.max(0, offset - chunk.offset)));
        offset = chunk.offset + chunk.count;
      }
      if (offset >= end) promised = watermark;
      if (offset < end || complete !== undefined) more = true;
      if (waiting.length === 0 && complete !== undefined) return complete ? "end" : "later";
      return waiting.shift() ?? "idle";
    },
    watermark: () => (waiting.length === 0 ? promised : -Infinity),
    onReady(callback: () => void) {
      deaf?.();
      more = true;
      deaf = signal.onGrowth(topic, () => {
        more = true;
        callback();
      });
    },
    close() {
      deaf?.();
      return Promise.resolve();
    },
  };
}

/** Encoded atoms, in their order. */
export interface Atoms {
  readonly values: unknown[];
  readonly times: number[];
  readonly stamps: number[];
  /** Undefined where all are inserts. */
  readonly kinds: number[] | undefined;
}

export function readAtoms(bytes: Uint8Array, decoder: BatchDecoder): Atoms {
  const reader = new ByteReader(bytes);
  const values: unknown[] = [];
  const times: number[] = [];
  const stamps: number[] = [];
  let kinds: number[] | undefined;
  while (reader.remaining > 0) {
    const batch: Batch = decoder.decode(reader);
    if (batch.kinds !== undefined) kinds ??= values.map(() => 0);
    for (let row = 0; row < batch.count; row++) {
      values.push(batch.rows.get(row));
      times.push(batch.times[row]);
      stamps.push(batch.stamps[row]);
      kinds?.push(batch.kinds?.[row] ?? 0);
    }
  }
  return { values, times, stamps, kinds };
}

/** The atoms of a chunk. Its first offset is its index: the same from wherever reading began, as it names the chunk in what is committed. */
function decodeAtoms({ offset, count, bytes, since }: TopicChunk, skip: number, decoder: BatchDecoder): Chunk {
  const { values, times, stamps, kinds } = readAtoms(bytes, decoder);
  return {
    index: offset,
    next: offset + count,
    count: values.length - skip,
    rows: new ObjectRows(skip === 0 ? values : values.slice(skip)),
    times: Float64Array.from(skip === 0 ? times : times.slice(skip)),
    stamps: Float64Array.from(skip === 0 ? stamps : stamps.slice(skip)),
    malformed: [],
    bytes: bytes.length,
    ...(kinds === undefined ? {} : { kinds: Uint8Array.from(skip === 0 ? kinds : kinds.slice(skip)) }),
    ...(since === undefined ? {} : { since }),
  };
}
