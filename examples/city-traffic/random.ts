/**
 * Mixes whole numbers into one of 32 bits: the finalizer of MurmurHash3 (Appleby, 2011) after each.
 * So a random number follows from where it is used, and any tick can be made without those before it.
 */
export function mix(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) hash = mixed(hash, part);
  return hash;
}

/** One number more into a mix. */
export function mixed(hash: number, part: number): number {
  let h = (hash ^ part) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A text as a number for `mix`: FNV-1a (Fowler, Noll, Vo), 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The `i`th number in [0, 1) of a place that `mix` made. */
export function uniform(place: number, i: number): number {
  return mixed(mixed(0x9e3779b9, place), i) / 2 ** 32;
}

/** About normal with mean 0 and deviation 1: the sum of four uniform numbers, centred and scaled. Uses numbers i to i + 3 of the place. */
export function bell(place: number, i: number): number {
  const sum = uniform(place, i) + uniform(place, i + 1) + uniform(place, i + 2) + uniform(place, i + 3);
  return (sum - 2) * Math.sqrt(3);
}
