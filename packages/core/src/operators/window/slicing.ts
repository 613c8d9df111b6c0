import type { WindowSpec } from "../../graph/window.ts";

/** Windows of one length: `size` long, one every `slide`, aligned to `offset`. */
export interface SlicedWindow {
  readonly size: number;
  readonly slide: number;
  /** The end of the first window that the slice at a start belongs to. */
  readonly firstEnd: (sliceStart: number) => number;
  /** The end of the last window that the slice at a start belongs to. */
  readonly lastEnd: (sliceStart: number) => number;
}

/**
 * How event time is cut into slices, so that every window of one or more lengths is a whole number of
 * them: an atom is added to one slice, and windows merge slices. After Traub et al., "Scotty: General
 * and Efficient Open-source Window Aggregation for Stream Processing Systems" (2021).
 */
export interface Slicing {
  readonly windows: readonly SlicedWindow[];
  /** Length of a slice, ms; Infinity where all time is one. */
  readonly width: number;
  /** Says how slices lie, so that slices of another cut are not read as these. */
  readonly format: string;
  readonly sliceStart: (time: number) => number;
  /** Whether a slice has all times from its start to `width` after it. */
  readonly even: boolean;
  /** Whether there are slices between windows, which belong to none. */
  readonly gaps: boolean;
  /** The end of the last window, of any length, that a slice belongs to. */
  readonly lastEnd: (sliceStart: number) => number;
  /** The end of the first window, of any length, that a slice belongs to and that ends after a time; Infinity without one. */
  readonly firstEndAfter: (sliceStart: number, time: number) => number;
}

/** The slicing that windows share; undefined where there is none: sessions depend on the atoms, other offsets do not meet. */
export function slicingOf(specs: readonly WindowSpec[]): Slicing | undefined {
  const [first] = specs;
  if (specs.length === 1 && first.kind === "carried" && first.size < Infinity) return carried(first.size);
  if (specs.length === 1 && (first.kind === "global" || first.kind === "carried")) return everything();
  const lengths: { readonly size: number; readonly slide: number; readonly offset: number }[] = [];
  for (const spec of specs) {
    if (spec.kind === "tumbling") lengths.push({ size: spec.size, slide: spec.size, offset: spec.offset });
    else if (spec.kind === "sliding") lengths.push(spec);
    else return undefined;
  }
  const width = lengths.flatMap(({ size, slide }) => [size, slide]).reduce(commonDivisor);
  const { offset } = lengths[0];
  if (lengths.some((one) => (one.offset - offset) % width !== 0)) return undefined;
  const windows = lengths.map(aligned);
  const sliceStart = (time: number): number => Math.floor((time - offset) / width) * width + offset;
  const gaps = lengths.every(({ size, slide }) => slide > size);
  return { ...together(windows), width, even: true, gaps, format: `${width}+${((offset % width) + width) % width}`, sliceStart };
}

function aligned({ size, slide, offset }: { readonly size: number; readonly slide: number; readonly offset: number }): SlicedWindow {
  return {
    size,
    slide,
    // A slice at s belongs to the windows that start at multiples of `slide` in (s - size, s].
    firstEnd: (start) => (Math.floor((start - size - offset) / slide) + 1) * slide + offset + size,
    lastEnd: (start) => Math.floor((start - offset) / slide) * slide + offset + size,
  };
}

/** Rows that an earlier window made carry its last millisecond as their time. */
function carried(size: number): Slicing {
  const end = (start: number): number => start + size;
  return { ...together([{ size, slide: size, firstEnd: end, lastEnd: end }]), width: size, even: false, gaps: false, format: "carried", sliceStart: (time) => time + 1 - size };
}

function everything(): Slicing {
  const end = (): number => Infinity;
  return { ...together([{ size: Infinity, slide: Infinity, firstEnd: end, lastEnd: end }]), width: Infinity, even: true, gaps: false, format: "global", sliceStart: () => -Infinity };
}

function together(windows: readonly SlicedWindow[]): Pick<Slicing, "windows" | "lastEnd" | "firstEndAfter"> {
  const [only] = windows;
  if (windows.length === 1) return { windows, lastEnd: only.lastEnd, firstEndAfter: (start, time) => endAfter(only, start, time) };
  return {
    windows,
    lastEnd: (start) => Math.max(...windows.map((window) => window.lastEnd(start))),
    firstEndAfter: (start, time) => Math.min(...windows.map((window) => endAfter(window, start, time))),
  };
}

function endAfter(window: SlicedWindow, start: number, time: number): number {
  const first = window.firstEnd(start);
  if (first > time) return first;
  const end = first + (Math.floor((time - first) / window.slide) + 1) * window.slide;
  return end <= window.lastEnd(start) ? end : Infinity;
}

function commonDivisor(a: number, b: number): number {
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y > 0) [x, y] = [y, x % y];
  return x;
}

/** Whether a slice lies between the windows of a length, where windows are further apart than they are long. */
export function isBetween({ size, slide, firstEnd, lastEnd }: SlicedWindow, sliceStart: number): boolean {
  return slide > size && firstEnd(sliceStart) > lastEnd(sliceStart);
}
