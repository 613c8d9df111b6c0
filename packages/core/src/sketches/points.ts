import { sortDoubles } from "./sort-doubles.ts";

/**
 * Weighted points ascending by value, as parallel columns. A pure point stands for `weight` equal
 * values; a mixed one (a t-digest's centroid) for the mean of different values.
 */
export class Points {
  length = 0;
  value: Float64Array;
  weight: Float64Array;
  mixed: Uint8Array;

  constructor(capacity = 0) {
    this.value = new Float64Array(capacity);
    this.weight = new Float64Array(capacity);
    this.mixed = new Uint8Array(capacity);
  }

  /** Drops what it holds and makes room for `capacity` points. */
  reset(capacity: number): void {
    this.length = 0;
    if (this.value.length >= capacity) return;
    const size = Math.max(capacity, 16, Math.min(this.value.length * 2, this.value.length + 65_536));
    this.value = new Float64Array(size);
    this.weight = new Float64Array(size);
    this.mixed = new Uint8Array(size);
  }

  /** These points with what `other` holds; `NO_POINTS`, which all empty sketches share, is left alone. */
  replacedBy(other: Points): Points {
    const target = this === NO_POINTS ? new Points() : this;
    target.copyFrom(other);
    return target;
  }

  copyFrom(other: Points): void {
    this.reset(other.length);
    this.value.set(other.value.subarray(0, other.length));
    this.weight.set(other.weight.subarray(0, other.length));
    this.mixed.set(other.mixed.subarray(0, other.length));
    this.length = other.length;
  }

  totalWeight(): number {
    let total = 0;
    for (let i = 0; i < this.length; i++) total += this.weight[i];
    return total;
  }
}

/** What a sketch holds before anything was merged: three arrays less for each of many small sketches. */
export const NO_POINTS = new Points();

/** Sorts the first `count` values in place and writes them to `out`, equal ones as one point. */
export function collectRuns(values: Float64Array, count: number, out: Points): void {
  out.reset(count);
  if (count === 0) return;
  sortDoubles(values, count);
  const value = out.value;
  const weight = out.weight;
  let length = 0;
  let current = values[0];
  let start = 0;
  for (let i = 1; i < count; i++) {
    const next = values[i];
    if (next === current) continue;
    value[length] = current;
    weight[length++] = i - start;
    current = next;
    start = i;
  }
  value[length] = current;
  weight[length++] = count - start;
  out.mixed.fill(0, 0, length);
  out.length = length;
}

/** Merges two ascending inputs into `out` (neither of them); equal pure points become one. */
export function mergePoints(a: Points, b: Points, out: Points): void {
  out.reset(a.length + b.length);
  const { value, weight, mixed } = out;
  const aValue = a.value;
  const bValue = b.value;
  const aLength = a.length;
  const bLength = b.length;
  let i = 0;
  let j = 0;
  let n = 0;
  while (i < aLength || j < bLength) {
    let nextValue: number;
    let nextWeight: number;
    let nextMixed: number;
    if (j >= bLength || (i < aLength && aValue[i] <= bValue[j])) {
      nextValue = aValue[i];
      nextWeight = a.weight[i];
      nextMixed = a.mixed[i++];
    } else {
      nextValue = bValue[j];
      nextWeight = b.weight[j];
      nextMixed = b.mixed[j++];
    }
    if (n > 0 && nextValue === value[n - 1] && nextMixed === 0 && mixed[n - 1] === 0) {
      weight[n - 1] += nextWeight;
    } else {
      value[n] = nextValue;
      weight[n] = nextWeight;
      mixed[n++] = nextMixed;
    }
  }
  out.length = n;
}

/**
 * The q-quantile of `total` values: linear interpolation of order statistics, type 7 of Hyndman
 * and Fan 1996, exact where all points are pure. The mean of a mixed point stands at the middle
 * of the ranks it covers; `min` and `max` stand at the first and last rank. NaN for no values.
 */
export function quantileOfPoints(points: Points, total: number, q: number, min: number, max: number): number {
  if (total === 0) return Number.NaN;
  const rank = (total - 1) * q;
  if (rank <= 0) return min;
  if (rank >= total - 1) return max;
  let start = 0;
  let previousRank = 0;
  let previousValue = min;
  for (let i = 0; i < points.length; i++) {
    const weight = points.weight[i];
    const value = points.value[i];
    const spread = points.mixed[i] === 1 ? (weight - 1) / 2 : 0;
    const first = start + spread;
    const last = start + weight - 1 - spread;
    if (rank < first) return interpolate(previousValue, value, (rank - previousRank) / (first - previousRank));
    if (rank <= last) return value;
    start += weight;
    previousRank = last;
    previousValue = value;
  }
  return interpolate(previousValue, max, (rank - previousRank) / (total - 1 - previousRank));
}

/**
 * How many of `total` values are at most `x` (`strict`: below `x`), exact where all points are
 * pure, interpolated within and between mixed points.
 */
export function countUpTo(
  points: Points,
  total: number,
  x: number,
  strict: boolean,
  min: number,
  max: number,
): number {
  if (total === 0) return Number.NaN;
  if (strict ? x <= min : x < min) return 0;
  if (strict ? x > max : x >= max) return total;
  let start = 0;
  let previousMass = 1;
  let previousValue = min;
  for (let i = 0; i < points.length; i++) {
    const weight = points.weight[i];
    const value = points.value[i];
    const spread = points.mixed[i] === 1 ? weight / 2 : 0;
    const left = Math.max(previousMass, start + spread);
    if (strict ? x <= value : x < value) return between(previousMass, left, x, previousValue, value);
    start += weight;
    previousMass = Math.max(left, start - spread);
    previousValue = value;
  }
  return between(previousMass, Math.max(previousMass, total - 1), x, previousValue, max);
}

function between(fromMass: number, toMass: number, x: number, fromValue: number, toValue: number): number {
  if (x === toValue) return toMass;
  const share = (x - fromValue) / (toValue - fromValue);
  return share > 0 ? fromMass + (toMass - fromMass) * Math.min(share, 1) : fromMass;
}

function interpolate(a: number, b: number, share: number): number {
  if (a === b) return a;
  if (share === 0.5 && Number.isFinite(a + b)) return (a + b) / 2;
  const width = b - a;
  if (!Number.isFinite(width)) return share === 0 ? a : a * (1 - share) + b * share;
  return Math.min(b, a + width * share);
}
