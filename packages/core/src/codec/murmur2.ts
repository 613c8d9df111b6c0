import { MillraceError } from "../errors.ts";

/** Key groups of a workflow unless its first deployment says otherwise. */
export const DEFAULT_KEY_GROUPS = 256;

/**
 * MurmurHash2 (Austin Appleby) of `bytes[start, end)` as a signed 32-bit integer, exactly as
 * Kafka's Java client computes it (org.apache.kafka.common.utils.Utils.murmur2).
 */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  let at = start;
  for (const whole = end - 3; at < whole; at += 4) {
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    word = Math.imul(word, M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  const rest = end - at;
  if (rest > 0) {
    if (rest > 2) hash ^= bytes[at + 2] << 16;
    if (rest > 1) hash ^= bytes[at + 1] << 8;
    hash = Math.imul(hash ^ bytes[at], M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The same of nine bytes: two words, little-endian, and a last byte. */
export function murmur2OfNine(first: number, second: number, last: number): number {
  let word = Math.imul(first, M);
  word ^= word >>> 24;
  let hash = Math.imul(SEED ^ 9, M) ^ Math.imul(word, M);
  word = Math.imul(second, M);
  word ^= word >>> 24;
  hash = Math.imul(hash, M) ^ Math.imul(word, M);
  hash = Math.imul(hash ^ last, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The hash from which a key's group and Kafka's partition follow: murmur2 without its sign bit. */
export function keyHash(bytes: Uint8Array, start: number, end: number): number {
  return murmur2(bytes, start, end) & 0x7fffffff;
}

/** The key group of a key hash, in [0, groups). */
export function keyGroup(hash: number, groups: number): number {
  return hash % groups;
}

/** The partition of a key group where there are `partitions` of them; they must divide `groups`, else MILLRACE_USAGE. */
export function partitionOf(group: number, partitions: number, groups: number = DEFAULT_KEY_GROUPS): number {
  if (!Number.isInteger(partitions) || partitions < 1 || groups % partitions !== 0) {
    throw new MillraceError("MILLRACE_USAGE", "partitions", `${partitions} partitions do not divide ${groups} key groups; choose a divisor`);
  }
  return group % partitions;
}

const SEED = 0x9747b28c | 0;
const M = 0x5bd1e995;
