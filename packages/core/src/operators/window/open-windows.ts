import { ObjectRows } from "../../codec/formats/struct-rows.ts";
import { AFTER, INSERT, PROVISIONAL } from "../../contracts/batch.ts";
import type { WindowNode } from "../../graph/nodes.ts";
import type { Window } from "../../graph/window.ts";
import { LAST_TIME } from "../../time/event-time.ts";
import { BatchBuilder } from "../batches.ts";
import type { OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { Part } from "./layout.ts";
import type { Slice } from "./slice.ts";
import type { SliceStore } from "./slice-store.ts";
import type { SlicedWindow } from "./slicing.ts";

/** Results of a window go on in batches of so many rows: those of millions of keys never lie side by side as objects. */
const ROWS_AT_ONCE = 4096;

export interface WindowPlace {
  readonly node: WindowNode;
  readonly window: SlicedWindow;
  /** Output port of the results. */
  readonly port: number;
}

/** The windows of one length over slices: which are open, when they fire, and what they say. */
export class OpenWindows {
  readonly #node: WindowNode;
  readonly #window: SlicedWindow;
  readonly #port: number;
  readonly #store: SliceStore;
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;
  readonly #context: OperatorContext;
  #watermark = -Infinity;
  /** Ends of windows that hold something and have not been closed for good. */
  readonly #open = new Set<number>();
  /** Windows that have fired and still take atoms: key slots touched since, by window end. */
  readonly #touched = new Map<number, Set<number>>();
  #earlyAt = Infinity;

  constructor({ node, window, port }: WindowPlace, store: SliceStore, parts: readonly Part[], keys: KeySpace | undefined, context: OperatorContext) {
    this.#node = node;
    this.#window = window;
    this.#port = port;
    this.#store = store;
    this.#parts = parts;
    this.#keys = keys;
    this.#context = context;
  }

  /** The next processing time at which early results are due. */
  get earlyAt(): number {
    return this.#earlyAt;
  }

  /** A slice was made: the windows that it belongs to hold something now. */
  opened(start: number): void {
    const { slide } = this.#window;
    const last = this.#window.lastEnd(start);
    for (let end = this.#window.firstEnd(start); end <= last; end += slide) {
      if (end + this.#node.lateness > this.#watermark || this.#watermark === -Infinity) this.#open.add(end);
      // Its first atom came within its lateness: it is shown with the commit, like those that had fired.
      if (end <= this.#watermark && this.#open.has(end) && !this.#touched.has(end)) this.#touched.set(end, new Set());
      if (end === Infinity) break;
    }
  }

  /** Atoms came: early results will be wanted. */
  stirred(): void {
    if (this.#node.early < Infinity && this.#earlyAt === Infinity) this.#earlyAt = this.#context.clock.now() + this.#node.early;
  }

  advance(watermark: number): void {
    const before = this.#watermark;
    this.#watermark = watermark;
    const due = [...this.#open].filter((end) => end <= watermark).sort((a, b) => a - b);
    for (const end of due) {
      const { lateness, early } = this.#node;
      if (end + lateness <= watermark) {
        this.#emit(end, lateness > 0 || early < Infinity ? AFTER : INSERT);
        this.#open.delete(end);
        this.#touched.delete(end);
      } else if (end > before) {
        this.#emit(end, AFTER | PROVISIONAL);
        this.#touched.set(end, new Set());
      }
    }
  }

  restored(watermark: number, wakeAt: number): void {
    this.#watermark = watermark;
    for (const start of this.#store.starts()) this.opened(start);
    if (this.#open.size > 0) this.stirred();
    this.#earlyAt = dueAgain(this.#earlyAt, wakeAt);
  }

  /** Says what has changed of windows that have fired. */
  flush(): void {
    for (const [end, slots] of this.#touched) {
      if (slots.size === 0) continue;
      this.#emit(end, AFTER | PROVISIONAL, slots);
      slots.clear();
    }
  }

  tick(now: number): void {
    if (now < this.#earlyAt) return;
    this.#earlyAt = this.#open.size > 0 ? now + this.#node.early : Infinity;
    for (const end of [...this.#open].sort((a, b) => a - b)) if (end > this.#watermark) this.#emit(end, AFTER | PROVISIONAL);
  }

  /** Notes which keys of windows that have fired were changed by slots [from, to). */
  touch(slice: Slice, slots: Int32Array, from: number, to: number): void {
    if (this.#touched.size === 0) return;
    const last = Math.min(this.#window.lastEnd(slice.start), this.#watermark);
    for (let end = this.#window.firstEnd(slice.start); end <= last; end += this.#window.slide) {
      const touched = end < slice.minEnd ? undefined : this.#touched.get(end);
      if (touched === undefined) continue;
      for (let i = from; i < to; i++) touched.add(slots[i]);
    }
  }

  /** Emits the rows of a window, in the order of their keys' bytes; only those of `only` where given. */
  #emit(end: number, kind: number, only?: ReadonlySet<number>): void {
    const { size } = this.#window;
    const window: Window = { start: size === Infinity ? -Infinity : end - size, end };
    const slices = this.#slicesOf(window);
    if (slices.length === 0 || !this.#context.connected(this.#port)) return;
    const merged = slices.length === 1 ? slices[0] : this.#merge(window, slices, only);
    const builder = new BatchBuilder();
    const time = lastMoment(end);
    // The stamp of all that is said of a window: below it nothing was announced while the window took atoms.
    const stamp = lastMoment(end + this.#node.lateness);
    for (const row of this.#inKeyOrder(merged, only)) {
      try {
        builder.add(this.#result(merged, row, window), time, stamp, kind);
      } catch (error) {
        this.#failRow(merged.slots[row], window, error);
      }
      if (builder.count === ROWS_AT_ONCE) this.#context.emit(this.#port, builder.take());
    }
    if (merged !== slices[0]) merged.dispose();
    if (builder.count > 0) this.#context.emit(this.#port, builder.take());
  }

  #slicesOf({ start, end }: Window): Slice[] {
    const slices: Slice[] = [];
    // A window that is one slice is found at once; longer ones are gathered.
    const alone = this.#store.at(start);
    const single = alone.length > 0 && this.#store.isWhole(this.#window);
    const starts = single ? [start] : [...this.#store.starts()].filter((at) => at >= start && at < end).sort((a, b) => a - b);
    for (const at of starts) for (const slice of this.#store.at(at)) if (slice.minEnd <= end) slices.push(slice);
    return slices;
  }

  #merge(window: Window, slices: readonly Slice[], only: ReadonlySet<number> | undefined): Slice {
    const merged = this.#store.scratch(window.start);
    for (const slice of slices) {
      for (let row = 0; row < slice.count; row++) {
        const slot = slice.slots[row];
        if (only !== undefined && !only.has(slot)) continue;
        try {
          merged.mergeRow(merged.row(slot), slice, row);
        } catch (error) {
          this.#failRow(slot, window, error);
        }
      }
    }
    return merged;
  }

  /** What failed is not one atom but what a window has come to. */
  #failRow(slot: number, window: Window, error: unknown): void {
    const value = this.#keys === undefined ? { window } : { window, key: this.#keys.table.value(slot) };
    const times = Float64Array.of(lastMoment(window.end));
    this.#context.fail({ count: 1, selection: undefined, rows: new ObjectRows([value]), times, stamps: times, kinds: undefined, keys: undefined }, 0, error);
  }

  #inKeyOrder(slice: Slice, only: ReadonlySet<number> | undefined): number[] {
    const rows: number[] = [];
    for (let row = 0; row < slice.count; row++) if (only === undefined || only.has(slice.slots[row])) rows.push(row);
    return this.#keys === undefined ? rows : this.#keys.sortRows(rows, slice.slots);
  }

  #result(slice: Slice, row: number, window: Window): Record<string, unknown> {
    const result: Record<string, unknown> = this.#keys === undefined ? { window } : { window, key: this.#keys.table.value(slice.slots[row]) };
    this.#parts.forEach((part, p) => {
      result[part.name] =
        part.form === "numeric"
          ? part.aggregate.result(slice.numbers[p] as Float64Array, row * part.aggregate.width)
          : part.aggregate.result((slice.values[p] as unknown[])[row]);
    });
    return result;
  }
}

/** The last millisecond before a time; of the end of all time, the largest time there is. */
export function lastMoment(end: number): number {
  return end === Infinity ? LAST_TIME : end - 1;
}

/** When early results are due of what was loaded: not later than before, however often it is closed in between. */
export function dueAgain(fromNow: number, wakeAt: number): number {
  return fromNow === Infinity ? Infinity : Math.min(fromNow, wakeAt);
}
