import { ByteReader } from "../codec/bytes.ts";
import type { Topics } from "../contracts/topics.ts";
import { BatchDecoder } from "./batch-codec.ts";

/** An atom of a topic, as it lies there. */
export interface StoredAtom {
  readonly offset: number;
  readonly time: number;
  readonly value: unknown;
}

/**
 * The atoms of a topic's partition from an offset on, at most `limit`; fewer only at its end. Throws
 * MILLRACE_POSITION_LOST below what retention has kept.
 */
export async function topicPage(topics: Pick<Topics, "read">, from: { readonly topic: string; readonly partition: number; readonly offset: number }, limit: number): Promise<StoredAtom[]> {
  const decoder = new BatchDecoder(undefined);
  const atoms: StoredAtom[] = [];
  for (let next = from.offset; atoms.length < limit; ) {
    const chunks = await topics.read(from.topic, from.partition, next, READ_BYTES);
    if (chunks.length === 0) break;
    for (const { offset, count, bytes } of chunks) {
      const reader = new ByteReader(bytes);
      for (let first = offset; reader.remaining > 0 && atoms.length < limit; ) {
        const { rows, times, count: own } = decoder.decode(reader);
        for (let row = Math.max(0, next - first); row < own && atoms.length < limit; row++) {
          atoms.push({ offset: first + row, time: times[row], value: rows.get(row) });
        }
        first += own;
      }
      next = offset + count;
    }
  }
  return atoms;
}

const READ_BYTES = 256 * 1024;
