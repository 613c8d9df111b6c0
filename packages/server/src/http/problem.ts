import { STATUS_CODES } from "node:http";
import { MillraceError, type ErrorCode } from "@millrace/core";
import type { Problem } from "../types.ts";

/** What a request is answered where it is not done. */
export interface ProblemOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly malformed?: Problem["malformed"];
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** An error that knows its HTTP status. */
export class RequestProblem extends MillraceError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly malformed: Problem["malformed"];

  constructor(status: number, code: ErrorCode, subject: string, message: string, options: ProblemOptions = {}) {
    super(code, subject, message, { retryable: options.retryable ?? false, cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
    this.malformed = options.malformed;
  }
}

/** What is answered for an error, with its status: what was not foreseen tells nothing of its inside. */
export function problemOf(error: unknown): { readonly body: Problem; readonly headers: Readonly<Record<string, string>> } {
  if (error instanceof RequestProblem) return { body: bodyOf(error.status, error, error.malformed), headers: error.headers };
  if (error instanceof MillraceError) {
    const status = STATUS[error.code] ?? 500;
    return { body: bodyOf(status, error, undefined), headers: WAITING.has(status) ? { "retry-after": "1" } : {} };
  }
  const hidden = new MillraceError("MILLRACE_INVARIANT", "server", "failed in a way that was not foreseen; its log says more");
  return { body: bodyOf(500, hidden, undefined), headers: {} };
}

function bodyOf(status: number, { code, subject, message, retryable }: MillraceError, malformed: Problem["malformed"]): Problem {
  const problem: Problem = { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail: message, code, subject, retryable };
  return malformed === undefined ? problem : { ...problem, malformed };
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  MILLRACE_USAGE: 400,
  MILLRACE_DECODE: 400,
  MILLRACE_DENIED: 403,
  MILLRACE_NOT_FOUND: 404,
  MILLRACE_CONFLICT: 409,
  MILLRACE_POSITION_LOST: 410,
  MILLRACE_SCHEMA: 422,
  MILLRACE_FENCED: 503,
  MILLRACE_UNKNOWN_OUTCOME: 503,
  MILLRACE_STOPPED: 503,
  MILLRACE_IO: 503,
  MILLRACE_STORE_FULL: 507,
};

const WAITING: ReadonlySet<number> = new Set([429, 503]);
