import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gamma-distributed numbers of shape 0.1: nearly all tiny, a few large (Ahrens and Dieter 1974). */
export function smallGamma(random: () => number): number {
  const shape = 0.1;
  const b = 1 + shape / Math.E;
  for (;;) {
    const p = b * random();
    const x = p <= 1 ? p ** (1 / shape) : -Math.log((b - p) / shape);
    if (random() <= (p <= 1 ? Math.exp(-x) : x ** (shape - 1))) return x;
  }
}

export function sample(count: number, draw: () => number): Float64Array {
  return Float64Array.from({ length: count }, draw);
}

/** How far q is from [fraction below x, fraction at most x] of ascending values. */
export function rankError(sorted: Float64Array, x: number, q: number): number {
  const below = countBelow(sorted, (value) => value < x) / sorted.length;
  const upTo = countBelow(sorted, (value) => value <= x) / sorted.length;
  return Math.max(0, below - q, q - upTo);
}

/** Type 7 by its definition, on ascending values. */
export function quantileByDefinition(sorted: ArrayLike<number>, q: number): number {
  const rank = (sorted.length - 1) * q;
  const low = Math.floor(rank);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (rank - low);
}

interface Encodes {
  encode(writer: ByteWriter): void;
}

export function encoded(sketch: Encodes): Uint8Array {
  const writer = new ByteWriter();
  sketch.encode(writer);
  return writer.take();
}

/** Decodes what `sketch` encodes to, and checks that nothing is left over. */
export function roundTrip<T extends Encodes>(sketch: T, decode: (reader: ByteReader) => T): T {
  const reader = new ByteReader(encoded(sketch));
  const copy = decode(reader);
  if (reader.remaining !== 0) throw new Error(`${reader.remaining} bytes were not read`);
  return copy;
}

function countBelow(sorted: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
