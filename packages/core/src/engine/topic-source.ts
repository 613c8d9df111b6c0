import { ByteReader } from "../codec/bytes.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";
import type { Chunk, Source, SplitReader } from "../contracts/source.ts";
import type { TopicChunk, TopicRange, Topics } from "../contracts/topics.ts";
import { BatchDecoder } from "./batch-codec.ts";

const READ_BYTES = 1024 * 1024;

/** How the readers of topics learn that there is more. */
export interface TopicSignal {
  /** Calls back whenever a topic has grown; the result ends it. */
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

/** The atoms of a topic in the ledger's store, one split a partition; without end unless ranges say that it is complete. */
export function topicSource(topic: string, partitions: number, read: ReadPage, signal: TopicSignal): Source {
  return {
    name: topic,
    stored: true,
    splits: () => Promise.resolve(Array.from({ length: partitions }, (_, partition) => ({ id: String(partition), parallel: false }))),
    open: ({ split, position }) => Promise.resolve(openTopic(topic, Number(split), position, read, signal)),
  };
}

function openTopic(topic: string, partition: number, position: number, read: ReadPage, signal: TopicSignal): SplitReader {
  const decoder = new BatchDecoder(undefined);
  const waiting: Chunk[] = [];
  let offset = position;
  let deaf: (() => void) | undefined;
  /** Whether there may be more: what was read went to the end, and nothing has been said since. */
  let more = true;
  return {
    async next() {
      if (waiting.length > 0 || !more) return waiting.shift() ?? "idle";
      // Before it is asked: growth that is told while the answer is under way may not be in it.
      more = deaf === undefined;
      const { range, chunks } = await read(topic, partition, offset);
      const { end, complete } = range;
      for (const chunk of chunks) {
        waiting.push(decodeAtoms(chunk, Math.max(0, offset - chunk.offset), decoder));
        offset = chunk.offset + chunk.count;
      }
      if (offset < end || complete !== undefined) more = true;
      if (waiting.length === 0 && complete !== undefined) return complete ? "end" : "later";
      return waiting.shift() ?? "idle";
    },
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

/** The values and times of encoded atoms. */
export function readAtoms(bytes: Uint8Array, decoder: BatchDecoder): { readonly values: unknown[]; readonly times: number[] } {
  const reader = new ByteReader(bytes);
  const values: unknown[] = [];
  const times: number[] = [];
  while (reader.remaining > 0) {
    const batch = decoder.decode(reader);
    for (let row = 0; row < batch.count; row++) {
      values.push(batch.rows.get(row));
      times.push(batch.times[row]);
    }
  }
  return { values, times };
}

/** The atoms of a chunk. Its first offset is its index: the same from wherever reading began, as it names the chunk in what is committed. */
function decodeAtoms({ offset, count, bytes, since }: TopicChunk, skip: number, decoder: BatchDecoder): Chunk {
  const { values, times } = readAtoms(bytes, decoder);
  const rows = values.slice(skip);
  const chunk = { index: offset, next: offset + count, count: rows.length, rows: new ObjectRows(rows), times: Float64Array.from(times.slice(skip)), malformed: [], bytes: bytes.length };
  return since === undefined ? chunk : { ...chunk, since };
}
