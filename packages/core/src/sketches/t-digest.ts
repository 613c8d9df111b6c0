import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { MillraceError } from "../errors.ts";
import { decodePoints, encodePoints } from "./points-codec.ts";
import { collectRuns, countUpTo, mergePoints, NO_POINTS, Points, quantileOfPoints } from "./points.ts";
import { sortDoubles } from "./sort-doubles.ts";

const FORMAT = 1;
const FLAG_EXACT = 1;
const DEFAULT_COMPRESSION = 200;
const EXACT_PER_COMPRESSION = 5;
const BUFFER_PER_COMPRESSION = 8;
const SMALLEST_FULL_BUFFER = 1600;
const FIRST_BUFFER = 16;
/** What is only merged into may need none. */
const NO_BUFFER = new Float64Array(0);
const PUSHED_WEIGHT = 16;

/**
 * Mergeable sketch of a distribution: the merging t-digest with scale function k1 (Dunning and
 * Ertl, "Computing Extremely Accurate Quantiles Using t-Digests", arXiv 1902.04023).
 *
 * Exact while there are at most `5 * compression` distinct values, however many values there are:
 * then `quantile` equals that of `ValueHistogram`. Beyond that, at most `2 * compression` + 4
 * centroids are kept between merges, as in the paper's two-level variant (a value heavier than a
 * centroid's share of ranks keeps one of its own, at exactly that value). The widest centroid, at the
 * median, spans pi / (2 * compression) of the ranks, 0.8% at the default; at the ends it is a few values.
 * Infinities are values like any other; halfway between the two is NaN.
 *
 * The state is a function of the sequence of `add` and `merge`: queries, `encode` and `decode` in
 * between change no later answer.
 */
export class TDigest {
  readonly compression: number;
  #points = NO_POINTS;
  #pointsWeight = 0;
  #buffer = NO_BUFFER;
  #buffered = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #exact = true;

  /** `compression` (10 to 10,000, default 200) sets size and error. Throws MILLRACE_USAGE for another. */
  constructor(compression: number = DEFAULT_COMPRESSION) {
    if (!isCompression(compression)) {
      throw new MillraceError("MILLRACE_USAGE", "t-digest", `compression ${compression} is not an integer from 10 to 10000`);
    }
    this.compression = compression;
  }

  get count(): number {
    return this.#pointsWeight + this.#buffered;
  }

  /** The smallest value, +Infinity where there is none. */
  get min(): number {
    return this.#min;
  }

  /** The largest value, -Infinity where there is none. */
  get max(): number {
    return this.#max;
  }

  /** Whether every value is still known, so that answers are exact. */
  get exact(): boolean {
    return this.#exact;
  }

  /** How many points `quantile` looks at: centroids and distinct buffered values. */
  get size(): number {
    return this.#merged().length;
  }

  /**
   * Adds `x`, `weight` times (a positive integer; one over 16 costs a pass over the centroids).
   * Throws MILLRACE_SCHEMA for NaN and for other weights.
   */
  add(x: number, weight: number = 1): void {
    if (weight !== 1) {
      this.#addWeighted(x, weight);
      return;
    }
    if (x !== x) throw notANumber();
    if (this.#buffered === this.#buffer.length) this.#makeRoom();
    this.#buffer[this.#buffered++] = x + 0;
    if (x < this.#min) this.#min = x + 0;
    if (x > this.#max) this.#max = x + 0;
  }

  /** Adds all that `other` holds; `other` stays as it is. Compressions may differ: this one's counts. */
  merge(other: TDigest): void {
    const buffer = other.#buffer;
    const buffered = other.#buffered;
    if (other.#points.length > 0) {
      this.#exact = this.#exact && other.#exact;
      this.#absorb(other.#points);
    }
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    const splits = this.#buffered + buffered > fullBuffer(this.compression);
    if (splits) sortDoubles(buffer, buffered);
    const added = other === this ? buffer.slice(0, buffered) : buffer;
    for (let i = 0; i < buffered; i++) this.add(added[i]);
  }

  /** Merges the digest that `encode` wrote, with the same outcome as `merge(TDigest.decode(reader))`. Throws as `decode` does. */
  mergeEncoded(reader: ByteReader): void {
    readFormat(reader);
    const full = fullBuffer(readCompression(reader));
    const exact = (reader.u8() & FLAG_EXACT) !== 0;
    let min = exact ? Number.POSITIVE_INFINITY : reader.f64();
    let max = exact ? Number.NEGATIVE_INFINITY : reader.f64();
    const points = decodePoints(reader, decoded);
    if (points.length > 0) {
      min = Math.min(min, points.value[0]);
      max = Math.max(max, points.value[points.length - 1]);
      this.#exact = this.#exact && exact;
      this.#absorb(points);
    }
    const buffered = decodePoints(reader, decoded);
    if (buffered.totalWeight() > full) failFull(reader);
    for (let i = 0; i < buffered.length; i++) {
      for (let n = buffered.weight[i]; n > 0; n--) this.add(buffered.value[i]);
    }
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  /** The q-quantile, q in 0..1; NaN where nothing was added. Throws MILLRACE_USAGE for another q. */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new MillraceError("MILLRACE_USAGE", "t-digest", `quantile ${q} is not in 0..1`);
    return quantileOfPoints(this.#merged(), this.count, q, this.#min, this.#max);
  }

  median(): number {
    return this.quantile(0.5);
  }

  /** The fraction of values that are at most `x`; NaN where nothing was added. */
  cdf(x: number): number {
    return countUpTo(this.#merged(), this.count, x, false, this.#min, this.#max) / this.count;
  }

  /** The middle of [fraction below `x`, fraction at most `x`]; NaN where nothing was added. */
  rank(x: number): number {
    const below = countUpTo(this.#merged(), this.count, x, true, this.#min, this.#max);
    return (below / this.count + this.cdf(x)) / 2;
  }

  /**
   * Merges buffered values into the centroids now, for the smallest encoding of a part that gets
   * nothing more. Unlike a query it counts as an operation: later sketched answers may differ.
   */
  compact(): void {
    if (this.#buffered === 0) return;
    collectRuns(this.#buffer, this.#buffered, runs);
    this.#buffered = 0;
    this.#absorb(runs);
  }

  encode(writer: ByteWriter): void {
    writer.u8(FORMAT);
    writer.varint(this.compression);
    writer.u8(this.#exact ? FLAG_EXACT : 0);
    if (!this.#exact) {
      writer.f64(this.#min);
      writer.f64(this.#max);
    }
    encodePoints(writer, this.#points);
    collectRuns(this.#buffer, this.#buffered, runs);
    encodePoints(writer, runs);
  }

  /**
   * Throws MILLRACE_STATE_MISMATCH for another version's format, MILLRACE_STORE_CORRUPT for bytes
   * that `encode` did not write.
   */
  static decode(reader: ByteReader): TDigest {
    readFormat(reader);
    const digest = new TDigest(readCompression(reader));
    digest.#exact = (reader.u8() & FLAG_EXACT) !== 0;
    const range = digest.#exact ? undefined : { min: reader.f64(), max: reader.f64() };
    digest.#points = decodePoints(reader);
    digest.#pointsWeight = digest.#points.totalWeight();
    const buffered = decodePoints(reader, decoded);
    if (buffered.totalWeight() > fullBuffer(digest.compression)) failFull(reader);
    for (let i = 0; i < buffered.length; i++) {
      for (let n = buffered.weight[i]; n > 0; n--) digest.add(buffered.value[i]);
    }
    const { value, length } = digest.#points;
    if (length > 0) {
      digest.#min = Math.min(digest.#min, value[0]);
      digest.#max = Math.max(digest.#max, value[length - 1]);
    }
    if (range !== undefined) {
      digest.#min = range.min;
      digest.#max = range.max;
    }
    return digest;
  }

  #addWeighted(x: number, weight: number): void {
    if (!Number.isSafeInteger(weight) || weight < 1) {
      throw new MillraceError("MILLRACE_SCHEMA", "t-digest", `weight ${weight} is not a positive integer`);
    }
    if (weight <= PUSHED_WEIGHT) {
      for (let n = 0; n < weight; n++) this.add(x);
      return;
    }
    if (x !== x) throw notANumber();
    runs.reset(1);
    runs.value[0] = x + 0;
    runs.weight[0] = weight;
    runs.mixed[0] = 0;
    runs.length = 1;
    this.#absorb(runs);
    this.#min = Math.min(this.#min, x + 0);
    this.#max = Math.max(this.#max, x + 0);
  }

  #makeRoom(): void {
    const full = fullBuffer(this.compression);
    if (this.#buffer.length >= full) {
      this.compact();
      return;
    }
    const larger = new Float64Array(Math.min(full, Math.max(FIRST_BUFFER, this.#buffer.length * 4)));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #absorb(added: Points): void {
    mergePoints(this.#points, added, merged);
    this.#pointsWeight += added === this.#points ? this.#pointsWeight : added.totalWeight();
    if (view.of === this) view.of = undefined;
    if (this.#exact && merged.length <= this.compression * EXACT_PER_COMPRESSION) {
      this.#points = this.#points.replacedBy(merged);
      return;
    }
    this.#exact = false;
    compress(merged, this.#pointsWeight, this.compression, compressed);
    this.#points = this.#points.replacedBy(compressed);
  }

  #merged(): Points {
    if (this.#buffered === 0) return this.#points;
    if (view.of !== this || view.count !== this.count) {
      collectRuns(this.#buffer, this.#buffered, runs);
      mergePoints(this.#points, runs, view.points);
      view.of = this;
      view.count = this.count;
    }
    return view.points;
  }
}

/** Points and buffer of the digest that was last asked, merged; one for all, as most digests are asked once. */
const view: { of: TDigest | undefined; count: number; readonly points: Points } = { of: undefined, count: 0, points: new Points() };
const decoded = new Points();
const runs = new Points();
const merged = new Points();
const compressed = new Points();

/**
 * Merges neighbours while one centroid spans at most 1/2 of k1(q) = compression / 2 pi * asin(2q - 1).
 * The next bound is k1's inverse at k1(q) + 1/2, by the sum formula of the sine.
 */
function compress(from: Points, total: number, compression: number, to: Points): void {
  to.reset(from.length);
  const angle = Math.PI / compression;
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  let emitted = 0;
  let bound = (total * (1 - cosine)) / 2;
  let length = 0;
  let mean = from.value[0];
  let weight = from.weight[0];
  let mixed = from.mixed[0];
  for (let i = 1; i < from.length; i++) {
    const value = from.value[i];
    const added = from.weight[i];
    if (emitted + weight + added <= bound && value < Number.POSITIVE_INFINITY && mean > Number.NEGATIVE_INFINITY) {
      weight += added;
      mean = Math.min(value, mean + (value - mean) * (added / weight));
      mixed = 1;
      continue;
    }
    to.value[length] = mean;
    to.weight[length] = weight;
    to.mixed[length++] = mixed;
    emitted += weight;
    const q = emitted / total;
    const x = 2 * q - 1;
    bound = x >= cosine ? total : (total * (x * cosine + 2 * Math.sqrt(q * (1 - q)) * sine + 1)) / 2;
    mean = value;
    weight = added;
    mixed = from.mixed[i];
  }
  to.value[length] = mean;
  to.weight[length] = weight;
  to.mixed[length++] = mixed;
  to.length = length;
}

function fullBuffer(compression: number): number {
  return Math.max(SMALLEST_FULL_BUFFER, compression * BUFFER_PER_COMPRESSION);
}

function isCompression(value: number): boolean {
  return Number.isInteger(value) && value >= 10 && value <= 10_000;
}

function readCompression(reader: ByteReader): number {
  const compression = reader.varint();
  return isCompression(compression) ? compression : reader.fail(`no t-digest has a compression of ${compression}`);
}

function readFormat(reader: ByteReader): void {
  const format = reader.u8();
  if (format !== FORMAT) throw new MillraceError("MILLRACE_STATE_MISMATCH", "t-digest", `format ${format} is not known; this version reads ${FORMAT}`);
}

function failFull(reader: ByteReader): never {
  return reader.fail("a t-digest's buffer holds more than it may");
}

function notANumber(): MillraceError {
  return new MillraceError("MILLRACE_SCHEMA", "t-digest", "NaN has no rank; filter it out or map it to a number");
}
