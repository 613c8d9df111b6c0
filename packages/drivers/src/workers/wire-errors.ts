import { ERROR_CODES, MillraceError, type ErrorCode } from "@millrace/core";

/** An error as plain data: threads share no classes. */
export interface WireError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly millrace: { readonly code: ErrorCode; readonly subject: string; readonly retryable: boolean } | undefined;
}

export function toWire(error: unknown): WireError {
  if (error instanceof MillraceError) {
    const { code, subject, retryable, stack } = error;
    return { message: error.message.slice(subject.length + 2), stack, millrace: { code, subject, retryable } };
  }
  return error instanceof Error ? { message: error.message, stack: error.stack, millrace: undefined } : { message: String(error), stack: undefined, millrace: undefined };
}

/** The error again, with the stack of where it was thrown. */
export function fromWire({ message, stack, millrace }: WireError): Error {
  const error = millrace === undefined ? new Error(message) : new MillraceError(millrace.code, millrace.subject, message, { retryable: millrace.retryable });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What a thread threw and nobody caught, as it arrives: its fields are there, its class is not. */
export function fromThread(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new MillraceError("MILLRACE_FUNCTION_FAILED", "worker", "user code threw what is not an Error", { cause: thrown });
  const { code, subject, retryable } = thrown as Partial<MillraceError>;
  if (code === undefined || !(code in ERROR_CODES) || subject === undefined) return thrown;
  return fromWire({ message: thrown.message.slice(subject.length + 2), stack: thrown.stack, millrace: { code, subject, retryable: retryable === true } });
}
