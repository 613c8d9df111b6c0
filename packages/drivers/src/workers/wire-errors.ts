import { MillraceError, type ErrorCode } from "@millrace/core";

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
