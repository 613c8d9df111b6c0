/**
 * Control delay at a light by the Highway Capacity Manual 2000 (Transportation Research Board,
 * Washington), chapter 16. Times in seconds, flows in vehicles an hour. It holds under oversaturation,
 * where Webster's delay does not.
 */
export interface HcmDelayInput {
  /** Demand, v. */
  readonly flow: number;
  /** c, the saturation flow by the share of effective green. */
  readonly capacity: number;
  /** g/C. */
  readonly greenShare: number;
  /** C, s. */
  readonly cycle: number;
}

/** d1 (equation 16-11): the delay if vehicles came evenly, s. */
export function uniformDelay({ flow, capacity, greenShare, cycle }: HcmDelayInput): number {
  const saturation = Math.min(1, flow / capacity);
  return (0.5 * cycle * (1 - greenShare) ** 2) / (1 - saturation * greenShare);
}

export interface IncrementalDelayInput {
  readonly flow: number;
  readonly capacity: number;
  /** How long the demand lasts, T, hours. Default 0.25. */
  readonly hours?: number;
  /** k: 0.5 for lights with fixed times (the default), less for those that vehicles call. */
  readonly k?: number;
  /** I: below 1 where lights upstream have thinned the arrivals. Default 1. */
  readonly upstream?: number;
}

/** d2 (equation 16-12): what chance and oversaturation add, s. */
export function incrementalDelay({ flow, capacity, hours = 0.25, k = 0.5, upstream = 1 }: IncrementalDelayInput): number {
  const over = flow / capacity - 1;
  return 900 * hours * (over + Math.sqrt(over ** 2 + (8 * k * upstream * (over + 1)) / (capacity * hours)));
}
