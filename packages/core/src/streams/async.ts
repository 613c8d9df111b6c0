import type { MapAsyncNode } from "../graph/nodes.ts";
import type { RetryPolicy } from "../graph/retry.ts";
import { MillraceError } from "../errors.ts";
import type { Call } from "../operators/map-async/call.ts";
import { milliseconds, type Duration } from "../time/duration.ts";

export interface RetryOptions {
  /**
   * How often a call is made in all. Default 3; Infinity: until it succeeds or `when` says no, and
   * what comes after waits, back to the source. A value given up goes to the dead letters.
   */
  readonly attempts?: number;
  /** Wait before the second attempt; doubled before each further one. Default "100ms". */
  readonly backoff?: Duration;
  /** Longest wait. Default "10s". */
  readonly max?: Duration;
  /** Whether a wait is somewhere between half and all of the backoff. Default true. */
  readonly jitter?: boolean;
  /** Whether trying again after this error is any use. Default: always. */
  readonly when?: (error: unknown) => boolean;
}

export interface MapAsyncOptions<T> {
  /** Names the operator; the name is part of its calls' idempotency keys. */
  readonly id?: string;
  /** Calls at a time, per partition. Default 16. */
  readonly concurrency?: number;
  /** Whether results keep the order of their values; else they come as they are answered. Default true. */
  readonly ordered?: boolean;
  /** Of one attempt. Default "30s". */
  readonly timeout?: Duration;
  readonly retries?: RetryOptions;
  /** What tells calls apart, such as an order's number. Default: the value and its event time. */
  readonly identity?: (value: T) => string;
}

/** Throws MILLRACE_USAGE for a concurrency or number of attempts that is no whole number of at least 1. */
export function mapAsyncNode<T>(
  call: (value: T, call: Call) => unknown,
  { concurrency = 16, ordered = true, timeout = "30s", retries = {}, identity }: MapAsyncOptions<T>,
  where: string,
): MapAsyncNode {
  return {
    kind: "map-async",
    call,
    concurrency: atLeastOne(concurrency, "concurrency", where),
    ordered,
    timeout: milliseconds(timeout, `${where}: timeout`),
    retries: retryPolicy(retries, where),
    identity,
  };
}

/** Throws MILLRACE_USAGE for a number of attempts that is neither a whole number of at least 1 nor Infinity. */
export function retryPolicy({ attempts = 3, backoff = "100ms", max = "10s", jitter = true, when }: RetryOptions, where: string): RetryPolicy {
  return {
    attempts: attempts === Infinity ? attempts : atLeastOne(attempts, "retries.attempts", where),
    backoff: milliseconds(backoff, `${where}: retries.backoff`),
    max: milliseconds(max, `${where}: retries.max`),
    jitter,
    when,
  };
}

export function atLeastOne(value: number, name: string, where: string): number {
  if (!Number.isInteger(value) || value < 1) throw new MillraceError("MILLRACE_USAGE", where, `${name} is ${value}; give a whole number of at least 1`);
  return value;
}
