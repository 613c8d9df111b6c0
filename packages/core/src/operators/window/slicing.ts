import type { WindowSpec } from "../../graph/window.ts";

/** Windows of one length over slices: `size` long, one every `slide`, aligned to `offset`. */
export interface SlicedWindow {
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
}

/**
 * How event time is cut into slices, so that every window is a whole number of them: an atom is added
 * to one slice, and windows merge slices. After Traub et al., "Scotty: General and Efficient
 * Open-source Window Aggregation for Stream Processing Systems" (2021).
 */
export interface Slicing {
  readonly window: SlicedWindow;
  sliceStart(time: number): number;
  /** The end of the first window that a slice belongs to. */
  firstEnd(sliceStart: number): number;
  /** The end of the last window that a slice belongs to. */
  lastEnd(sliceStart: number): number;
}

/** The slicing of a window; sessions have none, as their windows depend on the atoms. */
export function slicingOf(spec: WindowSpec): Slicing | undefined {
  if (spec.kind === "tumbling") return aligned({ size: spec.size, slide: spec.size, offset: spec.offset });
  if (spec.kind === "sliding") return aligned({ size: spec.size, slide: spec.slide, offset: spec.offset });
  if (spec.kind === "carried" && spec.size < Infinity) return carried(spec.size);
  if (spec.kind === "global" || spec.kind === "carried") return everything();
  return undefined;
}

function aligned(window: SlicedWindow): Slicing {
  const { size, slide, offset } = window;
  const width = commonDivisor(size, slide);
  return {
    window,
    sliceStart: (time) => Math.floor((time - offset) / width) * width + offset,
    // A slice at s belongs to the windows that start at multiples of `slide` in (s - size, s].
    firstEnd: (start) => (Math.floor((start - size - offset) / slide) + 1) * slide + offset + size,
    lastEnd: (start) => Math.floor((start - offset) / slide) * slide + offset + size,
  };
}

/** Rows that an earlier window made carry its last millisecond as their time. */
function carried(size: number): Slicing {
  return {
    window: { size, slide: size, offset: 0 },
    sliceStart: (time) => time + 1 - size,
    firstEnd: (start) => start + size,
    lastEnd: (start) => start + size,
  };
}

function everything(): Slicing {
  return {
    window: { size: Infinity, slide: Infinity, offset: 0 },
    sliceStart: () => -Infinity,
    firstEnd: () => Infinity,
    lastEnd: () => Infinity,
  };
}

function commonDivisor(a: number, b: number): number {
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
