/**
 * Mixes whole numbers into one of 32 bits: the finalizer of MurmurHash3 (Appleby, 2011) after each.
 * So a random number follows from where it is used, and any tick can be made without those before it.
 */
export function mix(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash = (hash ^ part) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash = (hash ^ (hash >>> 16)) >>> 0;
  }
  return hash;
}

/** The `i`th number in [0, 1) of a place that `mix` made. */
export function uniform(place: number, i: number): number {
  return mix(place, i) / 2 ** 32;
}

/** How often something happens that is expected `mean` times: Poisson, by inversion (Devroye 1986, chapter X.3). */
export function poisson(mean: number, u: number): number {
  let probability = Math.exp(-mean);
  let below = probability;
  let times = 0;
  while (u > below && times < 1000) {
    times++;
    probability *= mean / times;
    below += probability;
  }
  return times;
}

/** About normal with mean 0 and deviation 1: the sum of four uniform numbers, centred and scaled. Uses numbers i to i + 3 of the place. */
export function bell(place: number, i: number): number {
  const sum = uniform(place, i) + uniform(place, i + 1) + uniform(place, i + 2) + uniform(place, i + 3);
  return (sum - 2) * Math.sqrt(3);
}
