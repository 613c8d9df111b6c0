import { MillraceError, type ErrorCode } from "../../errors.ts";

const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;

/** Errors that come back however often a partition is opened: what was given or stored has to change first. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "MILLRACE_USAGE",
  "MILLRACE_GRAPH",
  "MILLRACE_SCHEMA",
  "MILLRACE_DECODE",
  "MILLRACE_STORE_CORRUPT",
  "MILLRACE_STORE_LOCKED",
  "MILLRACE_STORE_VERSION",
  "MILLRACE_STATE_MISMATCH",
  "MILLRACE_POSITION_LOST",
  "MILLRACE_TOO_MANY_ERRORS",
  "MILLRACE_NOT_FOUND",
  "MILLRACE_HOST_FAILED",
  "MILLRACE_STOPPED",
]);

/** What Millrace throws because of user code; its other errors come from stores, files and hosts. */
const OF_FUNCTIONS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["MILLRACE_FUNCTION_FAILED", "MILLRACE_FUNCTION_TIMEOUT", "MILLRACE_HOST_FAILED"]);

/** Whether the element that was being processed may be at fault, rather than what is outside. */
export function mayBeAnElement(error: unknown): boolean {
  return !(error instanceof MillraceError) || OF_FUNCTIONS.has(error.code);
}

/** Whether trying again is no use. */
export function isLasting(error: unknown): boolean {
  return error instanceof MillraceError && !error.retryable && LASTING.has(error.code);
}

/** How long to wait before the nth restart in a row, ms: 100 doubling up to 5 s, a quarter of it at random. */
export function restartDelay(nth: number): number {
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.max(0, nth - 1));
  return delay * (0.75 + Math.random() / 4);
}
