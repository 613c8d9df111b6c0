import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { MillraceError } from "../errors.ts";
import { decodePoints, encodePoints } from "./points-codec.ts";
import { collectRuns, countUpTo, mergePoints, NO_POINTS, Points, quantileOfPoints } from "./points.ts";

const FORMAT = 1;
const FIRST_BUFFER = 16;
const SMALLEST_FULL_BUFFER = 1024;
/** What is only merged into needs none. */
const NO_BUFFER = new Float64Array(0);

/**
 * Exact multiset of numbers as sorted distinct values with counts: exact quantiles and medians.
 * Memory grows with the distinct values (17 bytes each), not with the count; `TDigest` is the
 * bounded variant. Equal contents encode to equal bytes, in whatever order they were added.
 */
export class ValueHistogram {
  #points = NO_POINTS;
  #pointsWeight = 0;
  #buffer = NO_BUFFER;
  #buffered = 0;

  get count(): number {
    return this.#pointsWeight + this.#buffered;
  }

  /** How many different values there are. */
  get distinct(): number {
    this.#flush();
    return this.#points.length;
  }

  /** The smallest value, +Infinity where there is none. */
  get min(): number {
    this.#flush();
    return this.#points.length === 0 ? Number.POSITIVE_INFINITY : this.#points.value[0];
  }

  /** The largest value, -Infinity where there is none. */
  get max(): number {
    this.#flush();
    return this.#points.length === 0 ? Number.NEGATIVE_INFINITY : this.#points.value[this.#points.length - 1];
  }

  /** Adds `x`, `n` times (a positive integer). Throws MILLRACE_SCHEMA for NaN and for another `n`. */
  add(x: number, n: number = 1): void {
    if (x !== x) throw new MillraceError("MILLRACE_SCHEMA", "histogram", "NaN has no rank; filter it out or map it to a number");
    if (n !== 1) {
      this.#addCounted(x, n);
      return;
    }
    if (this.#buffered === this.#buffer.length) this.#makeRoom();
    this.#buffer[this.#buffered++] = x + 0;
  }

  /** Adds all that `other` holds, which stays as it is. */
  merge(other: ValueHistogram): void {
    this.#absorb(other.#all());
  }

  /** Adds all that the histogram holds which `encode` wrote. Throws as `decode` does. */
  mergeEncoded(reader: ByteReader): void {
    readFormat(reader);
    this.#absorb(decodePoints(reader, decoded));
  }

  /**
   * The q-quantile, q in 0..1: linear interpolation of order statistics (type 7 of Hyndman and Fan
   * 1996), so the median of an even count is the mean of the two in the middle. NaN where nothing
   * was added. Throws MILLRACE_USAGE for another q.
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new MillraceError("MILLRACE_USAGE", "histogram", `quantile ${q} is not in 0..1`);
    const points = this.#all();
    const { value, length } = points;
    return length === 0 ? Number.NaN : quantileOfPoints(points, this.count, q, value[0], value[length - 1]);
  }

  median(): number {
    return this.quantile(0.5);
  }

  /** The fraction of values that are at most `x`; NaN where nothing was added. */
  cdf(x: number): number {
    this.#flush();
    return countUpTo(this.#points, this.#pointsWeight, x, false, this.min, this.max) / this.#pointsWeight;
  }

  encode(writer: ByteWriter): void {
    writer.u8(FORMAT);
    encodePoints(writer, this.#all());
  }

  /**
   * Throws MILLRACE_STATE_MISMATCH for another version's format, MILLRACE_STORE_CORRUPT for bytes
   * that `encode` did not write.
   */
  static decode(reader: ByteReader): ValueHistogram {
    readFormat(reader);
    const histogram = new ValueHistogram();
    histogram.#points = decodePoints(reader);
    histogram.#pointsWeight = histogram.#points.totalWeight();
    return histogram;
  }

  /** Every value as points, good until the next call on any histogram: a small one needs no arrays of its own. */
  #all(): Points {
    if (this.#points !== NO_POINTS || this.#buffered === 0) {
      this.#flush();
      return this.#points;
    }
    collectRuns(this.#buffer, this.#buffered, runs);
    return runs;
  }

  #addCounted(x: number, n: number): void {
    if (!Number.isSafeInteger(n) || n < 1) throw new MillraceError("MILLRACE_SCHEMA", "histogram", `count ${n} is not a positive integer`);
    runs.reset(1);
    runs.value[0] = x + 0;
    runs.weight[0] = n;
    runs.mixed[0] = 0;
    runs.length = 1;
    this.#absorb(runs);
  }

  /** The buffer grows with the distinct values, so that merging stays linear on average. */
  #makeRoom(): void {
    const full = Math.max(SMALLEST_FULL_BUFFER, this.#points.length);
    if (this.#buffer.length >= full) {
      this.#flush();
      return;
    }
    const larger = new Float64Array(Math.min(full, Math.max(FIRST_BUFFER, this.#buffer.length * 4)));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    collectRuns(this.#buffer, this.#buffered, runs);
    this.#buffered = 0;
    this.#absorb(runs);
  }

  #absorb(added: Points): void {
    if (added.length === 0) return;
    mergePoints(this.#points, added, merged);
    this.#pointsWeight += added.totalWeight();
    this.#points = this.#points.replacedBy(merged);
  }
}

function readFormat(reader: ByteReader): void {
  const format = reader.u8();
  if (format !== FORMAT) throw new MillraceError("MILLRACE_STATE_MISMATCH", "histogram", `format ${format} is not known; this version reads ${FORMAT}`);
}

const decoded = new Points();
const runs = new Points();
const merged = new Points();
