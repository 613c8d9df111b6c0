import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { ObjectRows, type RowLayout } from "../../codec/formats/struct-rows.ts";
import { AFTER, INSERT, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { RESULTS, type WindowNode } from "../../graph/nodes.ts";
import type { Window } from "../../graph/window.ts";
import { BatchBuilder, rowAt } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { WindowInputs, withoutLate } from "./inputs.ts";
import { isCustom, layoutOf, type Part, type ValuePart } from "./layout.ts";
import { mergePartials, partialBatch, partialColumns, partialLayout } from "./partials.ts";
import type { Slice } from "./slice.ts";
import { SliceStore } from "./slice-store.ts";
import type { Slicing } from "./slicing.ts";

/** What a window operator takes and gives: whole, or one side of an exchange. */
export type WindowRole = "whole" | "combine" | "merge";

const UNKEYED = -1;

/**
 * Windows that are whole numbers of slices. As `whole` it takes rows and gives results; as `combine`
 * it takes rows and gives, at each commit, partial accumulators; as `merge` it takes those.
 */
export class WindowOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #node: WindowNode;
  readonly #slicing: Slicing;
  readonly #role: WindowRole;
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;
  readonly #store: SliceStore;
  readonly #partialLayout: RowLayout;
  readonly #inputs: WindowInputs;
  /** The parts that are users' own aggregates, which may throw. */
  readonly #custom: readonly number[];
  #watermark = -Infinity;
  /** Ends of windows that hold something and have not been closed for good. */
  readonly #open = new Set<number>();
  /** Windows that have fired and still take atoms: rows touched since, by window end. */
  readonly #touched = new Map<number, Set<number>>();
  #earlyAt = Infinity;
  #slots = new Int32Array(0);
  #sliceRows = new Int32Array(0);
  #starts = new Float64Array(0);

  constructor(node: WindowNode, slicing: Slicing, role: WindowRole, keys: KeySpace | undefined, context: OperatorContext) {
    this.#node = node;
    this.#slicing = slicing;
    this.#role = role;
    this.#keys = keys;
    this.#context = context;
    this.#parts = layoutOf(node.aggregates);
    this.#store = new SliceStore(this.#parts, keys);
    this.#partialLayout = partialLayout(this.#parts);
    this.#inputs = new WindowInputs(this.#parts, context);
    this.#custom = [...this.#parts.keys()].filter((p) => isCustom(this.#parts[p]));
    this.tables = role === "combine" ? [] : [this.#store];
  }

  process(_input: number, batch: Batch): void {
    if (this.#role === "merge") this.#addPartials(batch);
    else this.#addRows(batch);
    if (this.#node.early < Infinity && this.#earlyAt === Infinity && this.#role !== "combine") {
      this.#earlyAt = this.#context.clock.now() + this.#node.early;
    }
  }

  advance(watermark: number): void {
    const before = this.#watermark;
    this.#watermark = watermark;
    if (this.#role === "combine") return;
    const due = [...this.#open].filter((end) => end <= watermark).sort((a, b) => a - b);
    for (const end of due) {
      const { lateness } = this.#node;
      const final = end + lateness <= watermark;
      if (final) {
        this.#emitWindow(end, lateness > 0 || this.#node.early < Infinity ? AFTER : INSERT);
        this.#open.delete(end);
        this.#touched.delete(end);
      } else if (end > before) {
        this.#emitWindow(end, AFTER | PROVISIONAL);
        this.#touched.set(end, new Set());
      }
    }
    if (due.length > 0) this.#dropSlices();
  }

  restored(watermark: number): void {
    this.#watermark = watermark;
    this.#dropSlices();
    for (const start of this.#store.starts()) this.#openWindows(start);
    for (const end of this.#open) if (end <= watermark) this.#touched.set(end, new Set());
    if (this.#node.early < Infinity && this.#open.size > 0) this.#earlyAt = this.#context.clock.now() + this.#node.early;
  }

  flush(): void {
    if (this.#role === "combine") {
      for (const slice of this.#store.all()) this.#context.emit(RESULTS, partialBatch(slice, this.#parts, this.#partialLayout, this.#keys));
      this.#store.clear();
      return;
    }
    for (const [end, slots] of this.#touched) {
      if (slots.size === 0) continue;
      this.#emitWindow(end, AFTER | PROVISIONAL, slots);
      slots.clear();
    }
  }

  tick(now: number): void {
    if (now < this.#earlyAt) return;
    this.#earlyAt = this.#open.size > 0 ? now + this.#node.early : Infinity;
    for (const end of [...this.#open].sort((a, b) => a - b)) {
      if (end > this.#watermark) this.#emitWindow(end, AFTER | PROVISIONAL);
    }
  }

  wakeAt(): number {
    return this.#earlyAt;
  }

  #addRows(batch: Batch): void {
    const slicing = this.#slicing;
    const { lateness } = this.#node;
    // Rows that are late for all of their windows; those that are late for some lie in slices of their own.
    const rest = this.#inputs.read(withoutLate(batch, this.#context, (time, stamp) => slicing.lastEnd(slicing.sliceStart(time)) + lateness <= stamp));
    const { count } = rest;
    this.#reserve(count);
    const starts = this.#starts;
    const slots = this.#slots;
    const keySlots = rest.keys?.slots;
    for (let i = 0; i < count; i++) {
      const row = rowAt(rest, i);
      starts[i] = this.#slicing.sliceStart(rest.times[row]);
      slots[i] = keySlots === undefined || this.#keys === undefined ? UNKEYED : keySlots[row];
    }
    for (let from = 0; from < count; ) {
      const start = starts[from];
      const minEnd = this.#minEnd(start, rest.stamps[rowAt(rest, from)]);
      let to = from + 1;
      while (to < count && starts[to] === start && this.#minEnd(start, rest.stamps[rowAt(rest, to)]) === minEnd) to++;
      this.#addRun(this.#sliceAt(start, minEnd), rest, from, to);
      from = to;
    }
  }

  /** Adds rows [from, to) of the inputs that were read to one slice. */
  #addRun(slice: Slice, batch: Batch, from: number, to: number): void {
    const rows = this.#sliceRows;
    const combining = this.#role === "combine";
    if (this.#custom.length > 0) {
      for (let i = from; i < to; i++) rows[i] = this.#addCustom(slice, batch, i);
    } else {
      for (let i = from; i < to; i++) {
        const row = slice.row(this.#slots[i]);
        rows[i] = row;
        if (!combining) slice.markChanged(row);
      }
    }
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        part.aggregate.addMany(slice.numbers[p] as Float64Array, rows, this.#inputs.numbers[p], from, to);
        return;
      }
      if (part.custom) return;
      const accumulators = slice.values[p] as unknown[];
      const inputs = this.#inputs.values[p];
      for (let i = from; i < to; i++) {
        const input = inputs[i];
        if (input === undefined || input === null) continue;
        accumulators[rows[i]] = part.aggregate.add(accumulators[rows[i]], input as never, batch.times[rowAt(batch, i)]);
      }
    });
    this.#touch(slice, from, to);
  }

  /** Adds an atom to users' own aggregates, all or none: where one throws the atom is a dead letter and adds to nothing. */
  #addCustom(slice: Slice, batch: Batch, i: number): number {
    const found = slice.find(this.#slots[i]);
    const row = rowAt(batch, i);
    const added: unknown[] = [];
    try {
      for (const p of this.#custom) {
        const part = this.#parts[p] as ValuePart;
        const input = this.#inputs.values[p][i];
        const before = found < 0 ? part.aggregate.init() : this.#undoable(part, (slice.values[p] as unknown[])[found]);
        added.push(input === undefined || input === null ? before : part.aggregate.add(before, input as never, batch.times[row]));
      }
    } catch (error) {
      this.#context.fail(batch, row, error);
      this.#inputs.drop(i);
      return Math.max(found, 0);
    }
    const target = slice.row(this.#slots[i]);
    this.#custom.forEach((p, at) => {
      (slice.values[p] as unknown[])[target] = added[at];
    });
    if (this.#role !== "combine") slice.markChanged(target);
    return target;
  }

  /** An accumulator that may be changed in place although a later aggregate may throw: a copy, unless there is no later one. */
  #undoable(part: ValuePart, accumulator: unknown): unknown {
    if (this.#custom.length === 1) return accumulator;
    const writer = new ByteWriter();
    part.aggregate.encode(accumulator, writer);
    return part.aggregate.decode(new ByteReader(writer.bytes()));
  }

  #addPartials(batch: Batch): void {
    const columns = partialColumns(batch.rows, this.#parts);
    this.#reserve(batch.count);
    const keySlots = batch.keys?.slots;
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      const slice = this.#sliceAt(batch.times[row], batch.stamps[row]);
      this.#slots[i] = keySlots === undefined || this.#keys === undefined ? UNKEYED : keySlots[row];
      const target = slice.row(this.#slots[i]);
      try {
        mergePartials(slice, target, columns, row, this.#parts);
      } catch (error) {
        this.#context.fail(batch, row, error);
        continue;
      }
      slice.markChanged(target);
      this.#touch(slice, i, i + 1);
    }
  }

  /** The end of the first window of a slice for which an atom with this stamp is not late. */
  #minEnd(start: number, stamp: number): number {
    const { slide } = this.#slicing.window;
    let end = this.#slicing.firstEnd(start);
    while (end + this.#node.lateness <= stamp) end += slide;
    return end;
  }

  #sliceAt(start: number, minEnd: number): Slice {
    const found = this.#store.get(start, minEnd);
    if (found !== undefined) return found;
    const slice = this.#store.make(start, minEnd);
    if (this.#role !== "combine") this.#openWindows(start);
    return slice;
  }

  #openWindows(start: number): void {
    const { slide } = this.#slicing.window;
    const last = this.#slicing.lastEnd(start);
    for (let end = this.#slicing.firstEnd(start); end <= last; end += slide) {
      if (end + this.#node.lateness > this.#watermark || this.#watermark === -Infinity) this.#open.add(end);
      if (end === Infinity) break;
    }
  }

  /** Notes which keys of windows that have already fired were changed by rows [from, to). */
  #touch(slice: Slice, from: number, to: number): void {
    if (this.#touched.size === 0) return;
    const { slide } = this.#slicing.window;
    const last = Math.min(this.#slicing.lastEnd(slice.start), this.#watermark);
    for (let end = slice.minEnd; end <= last; end += slide) {
      const slots = this.#touched.get(end);
      if (slots === undefined) continue;
      for (let i = from; i < to; i++) slots.add(this.#slots[i]);
    }
  }

  /** Emits the rows of a window, in the order of their keys' bytes; only those of `only` where given. */
  #emitWindow(end: number, kind: number, only?: ReadonlySet<number>): void {
    const { size } = this.#slicing.window;
    const start = size === Infinity ? -Infinity : end - size;
    const slices = this.#slicesOf(start, end);
    if (slices.length === 0) return;
    const merged = slices.length === 1 ? slices[0] : this.#mergeSlices(start, slices, only);
    const order = this.#inKeyOrder(merged, only);
    const window = { start, end };
    const builder = new BatchBuilder();
    const time = lastMoment(end);
    // The stamp of all that is said of a window: below it nothing was announced while the window took atoms.
    const stamp = lastMoment(end + this.#node.lateness);
    for (const row of order) {
      try {
        builder.add(this.#result(merged, row, window), time, stamp, kind);
      } catch (error) {
        this.#failRow(merged.slots[row], window, error);
      }
    }
    if (merged !== slices[0]) merged.dispose();
    if (builder.count > 0) this.#context.emit(RESULTS, builder.take());
  }

  #slicesOf(start: number, end: number): Slice[] {
    const slices: Slice[] = [];
    const single = this.#slicing.firstEnd(start) === this.#slicing.lastEnd(start) && this.#slicing.window.size === this.#slicing.window.slide;
    const starts = single ? [start] : [...this.#store.starts()].filter((at) => at >= start && at < end).sort((a, b) => a - b);
    for (const at of starts) for (const slice of this.#store.at(at)) if (slice.minEnd <= end) slices.push(slice);
    return slices;
  }

  #mergeSlices(start: number, slices: readonly Slice[], only: ReadonlySet<number> | undefined): Slice {
    const merged = this.#store.scratch(start);
    for (const slice of slices) {
      for (let row = 0; row < slice.count; row++) {
        const slot = slice.slots[row];
        if (only !== undefined && !only.has(slot)) continue;
        try {
          merged.mergeRow(merged.row(slot), slice, row);
        } catch (error) {
          this.#failRow(slot, { start, end: start + this.#slicing.window.size }, error);
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
    const keys = this.#keys;
    return keys === undefined ? rows : keys.sortRows(rows, slice.slots);
  }

  #result(slice: Slice, row: number, window: { start: number; end: number }): Record<string, unknown> {
    const result: Record<string, unknown> = this.#keys === undefined ? { window } : { window, key: this.#keys.table.value(slice.slots[row]) };
    this.#parts.forEach((part, p) => {
      result[part.name] =
        part.form === "numeric"
          ? part.aggregate.result(slice.numbers[p] as Float64Array, row * part.aggregate.width)
          : part.aggregate.result((slice.values[p] as unknown[])[row]);
    });
    return result;
  }

  #dropSlices(): void {
    for (const start of [...this.#store.starts()]) {
      if (this.#slicing.lastEnd(start) + this.#node.lateness <= this.#watermark) this.#store.drop(start);
    }
  }

  #reserve(count: number): void {
    if (count <= this.#slots.length) return;
    const length = Math.max(count, 1024, this.#slots.length * 2);
    this.#slots = new Int32Array(length);
    this.#sliceRows = new Int32Array(length);
    this.#starts = new Float64Array(length);
  }
}

/** The last millisecond before a time; of the end of all time, the largest time there is. */
export function lastMoment(end: number): number {
  return end === Infinity ? Number.MAX_SAFE_INTEGER : end - 1;
}
