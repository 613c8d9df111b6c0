import type { Commit } from "../../contracts/ledger.ts";

declare const performance: { now(): number };

/** What the ledger's side knows of a partition, since the runtime was started. */
export interface CommitMetrics {
  readonly commits: number;
  /** How long commits took until they were durable, ms. */
  readonly commitTime: Quantiles;
  /** Bytes of state, sends and atoms that were committed. */
  readonly bytesWritten: number;
  /** Failures in a row, now. */
  readonly failures: number;
  /** Bytes that were sent to it and that it has not applied. */
  readonly backlogBytes: number;
}

/** Upper bounds of shares of what was measured, to within 9%; 0 where nothing was. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

const BUCKETS_PER_OCTAVE = 8;
const SMALLEST = 2 ** -6;
const BUCKETS = 26 * BUCKETS_PER_OCTAVE;

/** Durations in buckets whose bounds grow by 2^(1/8), from 1/64 ms to more than an hour. */
export class DurationHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;

  add(milliseconds: number): void {
    const bucket = milliseconds <= SMALLEST ? 0 : Math.ceil(Math.log2(milliseconds / SMALLEST) * BUCKETS_PER_OCTAVE);
    this.#counts[Math.min(BUCKETS - 1, bucket)]++;
    this.#count++;
  }

  quantiles(): Quantiles {
    return { p50: this.#quantile(0.5), p95: this.#quantile(0.95), p99: this.#quantile(0.99) };
  }

  #quantile(share: number): number {
    if (this.#count === 0) return 0;
    let left = Math.ceil(share * this.#count);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket];
      if (left <= 0) return SMALLEST * 2 ** (bucket / BUCKETS_PER_OCTAVE);
    }
    return Infinity;
  }
}

/** Counts the commits of one partition. */
export class CommitCounter {
  readonly times = new DurationHistogram();
  commits = 0;
  bytes = 0;

  add(commit: Commit, milliseconds: number): void {
    this.times.add(milliseconds);
    this.commits++;
    for (const { bytes } of commit.state) this.bytes += bytes.length;
    for (const { bytes } of commit.sends) this.bytes += bytes.length;
    for (const { bytes } of commit.appends) this.bytes += bytes.length;
  }
}

/** Milliseconds of a clock that only measures. */
export function measuringTime(): number {
  return performance.now();
}
