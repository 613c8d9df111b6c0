import type { WriteRows } from "../contracts/sink.ts";
import { checkName, type Sink } from "../graph/refs.ts";
import { milliseconds, type Duration } from "../time/duration.ts";
import { atLeastOne, retryPolicy, type RetryOptions } from "./async.ts";

export interface SinkOptions<T> {
  readonly write: WriteRows<T>;
  /** Whether every change is written, also provisional ones, not only final rows. Default false. */
  readonly changes?: boolean;
  /** Rows a call at most. Default 500. */
  readonly rows?: number;
  /** Of one attempt. Default "30s". */
  readonly timeout?: Duration;
  /**
   * Default: 3 attempts, then rows are given up. With `attempts: Infinity` an endpoint that is down is waited
   * for: nothing is given up but what `when` calls hopeless, and the source slows down meanwhile.
   */
  readonly retries?: RetryOptions;
}

/**
 * A place outside that rows are written to, after their commit and in order, at least once: repeats
 * carry the same keys. Rows that are refused again and again go to the dead letters. Throws
 * MILLRACE_USAGE for numbers that cannot be.
 */
export function sink<T>(name: string, options: SinkOptions<T>): Sink<T> {
  checkName("sink", name);
  const where = `sink ${name}`;
  return {
    kind: "sink",
    name,
    write: options.write,
    changes: options.changes ?? false,
    rows: atLeastOne(options.rows ?? 500, "rows", where),
    timeout: milliseconds(options.timeout ?? "30s", `${where}: timeout`),
    retries: retryPolicy(options.retries ?? {}, where),
  };
}
