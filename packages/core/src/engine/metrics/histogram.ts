/** What a histogram says of the values it was given; the bounds of shares are at most 6.3% above the true ones, and 0 where nothing was given. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

const SUB_BITS = 4;
const SUB_BUCKETS = 2 ** SUB_BITS;
const BUCKETS = (32 - SUB_BITS + 1) * SUB_BUCKETS;
const LARGEST = 2 ** 32 - 1;

/**
 * Counts of values in buckets that are linear within each power of two (Tene's HDR histogram), so
 * that adding is a few integer operations and histograms add up. Values are counted in units: what is
 * above 2^32 of them counts as that many.
 */
export class Histogram {
  readonly #unit: number;
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;

  /** `unit` is the smallest difference told apart. */
  constructor(unit: number) {
    this.#unit = unit;
  }

  /** Adds a value `times` times. Values below 0 count as 0. */
  add(value: number, times = 1): void {
    const units = Math.min(LARGEST, Math.max(0, Math.round(value / this.#unit)));
    this.#counts[bucketOf(units)] += times;
    this.#count += times;
    this.#sum += Math.max(0, value) * times;
  }

  /** Adds all that another histogram of the same unit holds. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket] += other.#counts[bucket];
    this.#count += other.#count;
    this.#sum += other.#sum;
  }

  /** The smallest bound that at least this share of the values does not exceed; 0 where there are none. */
  quantile(share: number): number {
    if (this.#count === 0) return 0;
    let left = Math.max(1, Math.ceil(share * this.#count));
    let bucket = 0;
    while (bucket < BUCKETS - 1 && (left -= this.#counts[bucket]) > 0) bucket++;
    return boundOf(bucket) * this.#unit;
  }

  get distribution(): Distribution {
    return { count: this.#count, sum: this.#sum, p50: this.quantile(0.5), p95: this.quantile(0.95), p99: this.quantile(0.99) };
  }
}

function bucketOf(units: number): number {
  if (units < SUB_BUCKETS) return units;
  const shift = 31 - SUB_BITS - Math.clz32(units);
  return shift * SUB_BUCKETS + (units >>> shift);
}

/** The largest number of units that falls into a bucket. */
function boundOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return ((bucket % SUB_BUCKETS) + SUB_BUCKETS + 1) * 2 ** shift - 1;
}
