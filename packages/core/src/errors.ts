/**
 * Every error Millrace throws has a code from this closed list, says which component and thing it
 * is about, and what to do. Match on `code`, never on the message.
 */
export const ERROR_CODES = {
  MILLRACE_USAGE: "The API was called in a way its contract excludes.",
  MILLRACE_GRAPH: "A workflow's graph cannot be planned.",
  MILLRACE_SCHEMA: "A value does not match its schema.",
  MILLRACE_DECODE: "Bytes are not what their format says.",
  MILLRACE_FENCED: "Another owner holds the partition; this one must stop.",
  MILLRACE_UNKNOWN_OUTCOME: "A store did not say whether a commit was applied; its root tells.",
  MILLRACE_STORE_CORRUPT: "Stored bytes fail their checksum or contradict each other.",
  MILLRACE_STORE_LOCKED: "The data folder is in use by another process.",
  MILLRACE_STORE_VERSION: "The data folder was written by another format version.",
  MILLRACE_STORE_FULL: "The store has no room left.",
  MILLRACE_STATE_MISMATCH: "State was written by another version of an operator, key, codec or aggregate.",
  MILLRACE_INPUT_ENDED: "The input of a workflow had come to its end in this data folder, and there is more of it now.",
  MILLRACE_POSITION_LOST: "Retention has passed a position that is still needed.",
  MILLRACE_FUNCTION_FAILED: "A user's function failed on an element.",
  MILLRACE_FUNCTION_TIMEOUT: "A user's function took longer than its timeout.",
  MILLRACE_TOO_MANY_ERRORS: "A run saw more malformed or failing atoms than --max-errors allows, or more late ones than --max-late.",
  MILLRACE_NOT_FOUND: "A named topic, collection, file, workflow or export does not exist.",
  MILLRACE_CONFLICT: "What was asked contradicts what is there: another version of a row, or another request under the same key.",
  MILLRACE_OVERLOADED: "More comes in than is worked on; the same can be sent again a little later.",
  MILLRACE_DENIED: "A request may not do this: its token, Host or Origin is not accepted.",
  MILLRACE_IO: "Reading or writing outside the store failed.",
  MILLRACE_HOST_FAILED: "A host lost an instance more often than it may.",
  MILLRACE_STOPPED: "The runtime was stopped.",
  MILLRACE_INVARIANT: "A bug in Millrace: a rule of the engine was broken. Please report it.",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface MillraceErrorOptions {
  readonly cause?: unknown;
  /** Whether trying the same again can succeed without a change. Default false. */
  readonly retryable?: boolean;
}

/** The only class of error that Millrace throws on purpose. */
export class MillraceError extends Error {
  override readonly name = "MillraceError";
  readonly code: ErrorCode;
  /** Which component and thing the error is about, as "component thing", e.g. `topic observations`. */
  readonly subject: string;
  readonly retryable: boolean;

  constructor(code: ErrorCode, subject: string, message: string, options: MillraceErrorOptions = {}) {
    super(`${subject}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.subject = subject;
    this.retryable = options.retryable ?? false;
  }
}

/** States an invariant of the engine; a failure is a bug in Millrace and stops the partition. */
export function invariant(condition: boolean, subject: string, message: string): asserts condition {
  if (!condition) throw new MillraceError("MILLRACE_INVARIANT", subject, message);
}
