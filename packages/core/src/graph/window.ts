import { MillraceError } from "../errors.ts";
import { milliseconds, type Duration } from "../time/duration.ts";

/** Windows of event time, [start, end), aligned to the epoch (plus `offset`). */
export type WindowSpec =
  | { readonly kind: "tumbling"; readonly size: number; readonly offset: number }
  | { readonly kind: "sliding"; readonly size: number; readonly slide: number; readonly offset: number }
  | { readonly kind: "session"; readonly gap: number }
  | { readonly kind: "global" }
  /** The window that a row already carries: rows that an earlier window of `size` made. */
  | { readonly kind: "carried"; readonly size: number };

export interface Window {
  /** Epoch milliseconds, inclusive. */
  readonly start: number;
  /** Epoch milliseconds, exclusive. */
  readonly end: number;
}

/** Windows of equal size, one after the other. */
export function tumbling(size: Duration, options: { offset?: Duration } = {}): WindowSpec {
  const length = positive(size, "tumbling window's size");
  return { kind: "tumbling", size: length, offset: milliseconds(options.offset ?? 0, "tumbling window's offset") % length };
}

/** Windows of equal size that start every `slide`; an atom lies in each window that covers its time. */
export function sliding(size: Duration, slide: Duration, options: { offset?: Duration } = {}): WindowSpec {
  const every = positive(slide, "sliding window's slide");
  return {
    kind: "sliding",
    size: positive(size, "sliding window's size"),
    slide: every,
    offset: milliseconds(options.offset ?? 0, "sliding window's offset") % every,
  };
}

/**
 * Windows that grow while atoms of a key follow each other in less than `gap`: [first, last + gap).
 * An atom is late when its time + gap + lateness <= its stamp.
 */
export function session(gap: Duration): WindowSpec {
  return { kind: "session", gap: positive(gap, "session window's gap") };
}

/** One window over all time; it closes when the input ends, and shows early results before. */
export function global(): WindowSpec {
  return { kind: "global" };
}

function positive(duration: Duration, what: string): number {
  const value = milliseconds(duration, what);
  if (value <= 0) throw new MillraceError("MILLRACE_USAGE", what, "must be longer than zero");
  return value;
}
