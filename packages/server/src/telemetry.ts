/** Where the server writes what happens: structured, one call a request. Whoever composes brings the library. */
export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** One traced piece of work. */
export interface Span {
  set(attribute: string, value: string | number | boolean): void;
  /** Says that it failed. */
  fail(error: unknown): void;
  end(): void;
}

/** Where traces begin: a span a request, under the span that its headers (W3C trace context) name. */
export interface Tracer {
  request(name: string, headers: Readonly<Record<string, string | readonly string[] | undefined>>): Span;
}

/** Says nothing. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Traces nothing. */
export const silentTracer: Tracer = { request: () => NO_SPAN };

const NO_SPAN: Span = { set: () => undefined, fail: () => undefined, end: () => undefined };
