import { ByteReader } from "../codec/bytes.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";
import type { Chunk, Source } from "../contracts/source.ts";
import type { TopicChunk, Topics } from "../contracts/topics.ts";
import { BatchDecoder } from "./batch-codec.ts";

const READ_BYTES = 1024 * 1024;

/** How the readers of topics learn that there is more. */
export interface TopicSignal {
  /** Calls back whenever a topic has grown; the result ends it. */
  onGrowth(topic: string, callback: () => void): () => void;
}

/** The atoms of a topic in the ledger's store, one split a partition; without end unless ranges say that it is complete. */
export function topicSource(topic: string, partitions: number, topics: Pick<Topics, "range" | "read">, signal: TopicSignal): Source {
  return {
    name: topic,
    stored: true,
    splits: () => Promise.resolve(Array.from({ length: partitions }, (_, partition) => ({ id: String(partition), parallel: false }))),
    open({ split, position }) {
      const partition = Number(split);
      const decoder = new BatchDecoder(undefined);
      let offset = position;
      const waiting: Chunk[] = [];
      let deaf: (() => void) | undefined;
      return Promise.resolve({
        async next() {
          if (waiting.length === 0) {
            const { start, end, complete } = await topics.range(topic, partition);
            if (offset >= end && complete !== undefined) return complete ? "end" : "later";
            if (offset < end) {
              const from = offset === 0 ? start : offset;
              for (const chunk of await topics.read(topic, partition, from, READ_BYTES)) {
                waiting.push(decodeAtoms(chunk, Math.max(0, offset - chunk.offset), decoder));
                offset = chunk.offset + chunk.count;
              }
            }
          }
          return waiting.shift() ?? "idle";
        },
        onReady(callback: () => void) {
          deaf?.();
          deaf = signal.onGrowth(topic, callback);
        },
        close() {
          deaf?.();
          return Promise.resolve();
        },
      });
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
