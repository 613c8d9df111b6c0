import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import type { RowLayout, StructRows } from "../../codec/formats/struct-rows.ts";
import type { Batch } from "../../contracts/batch.ts";
import { LATE, RESULTS, type WindowNode } from "../../graph/nodes.ts";
import { rowAt } from "../batches.ts";
import { Combining } from "../combining.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { divide, WindowInputs, withoutLate } from "./inputs.ts";
import { isCustom, layoutOf, type Part, type ValuePart } from "./layout.ts";
import { OpenWindows } from "./open-windows.ts";
import { mergePartials, partialBatch, partialColumns, partialLayout } from "./partials.ts";
import { PassedRows } from "./passed-rows.ts";
import type { Slice } from "./slice.ts";
import { SliceCursor } from "./slice-cursor.ts";
import { SliceStore } from "./slice-store.ts";
import { isBetween, type SlicedWindow, type Slicing } from "./slicing.ts";

/** What a window operator takes and gives: whole, or one side of an exchange. */
export type WindowRole = "whole" | "combine" | "merge";

const UNKEYED = -1;

/** Rows for each partial accumulator from which combining pays: one of numbers costs about two rows, one of values is encoded and decoded by its aggregate. */
const WORTH_OF_NUMBERS = 2;
const WORTH_OF_VALUES = 8;

/**
 * Windows that are whole numbers of slices. As `whole` it takes rows and gives results; as `combine`
 * it takes rows and gives, at each commit, partial accumulators, or the rows where too few would come
 * together; as `merge` it takes those.
 */
export class WindowOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #slicing: Slicing;
  readonly #role: WindowRole;
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;
  readonly #store: SliceStore;
  readonly #partialLayout: RowLayout;
  readonly #inputs: WindowInputs;
  readonly #cursor: SliceCursor;
  readonly #combining: Combining;
  readonly #passed: PassedRows;
  /** The parts that are users' own aggregates, which may throw. */
  readonly #custom: readonly number[];
  readonly #windows: readonly OpenWindows[];
  readonly #lateness: number;
  #slots = new Int32Array(0);
  #sliceRows = new Int32Array(0);
  #starts = new Float64Array(0);

  /** `nodes` are windows over the same rows with the same aggregates and lateness; the first one's id is the address of their state. */
  constructor(nodes: readonly WindowNode[], slicing: Slicing, role: WindowRole, keys: KeySpace | undefined, context: OperatorContext) {
    const [{ aggregates, lateness }] = nodes;
    this.#lateness = lateness;
    this.#slicing = slicing;
    this.#role = role;
    this.#keys = keys;
    this.#context = context;
    this.#parts = layoutOf(aggregates, context.subject);
    this.#store = new SliceStore(this.#parts, slicing, lateness, keys);
    this.#partialLayout = partialLayout(this.#parts);
    this.#inputs = new WindowInputs(this.#parts, context);
    this.#cursor = new SliceCursor(slicing);
    this.#combining = new Combining(this.#parts.some(({ form }) => form === "value") ? WORTH_OF_VALUES : WORTH_OF_NUMBERS);
    this.#passed = new PassedRows(this.#parts, keys);
    this.#custom = [...this.#parts.keys()].filter((p) => isCustom(this.#parts[p]));
    this.#windows = nodes.map((node, n) => new OpenWindows({ node, window: slicing.windows[n], port: resultsPort(n) }, this.#store, this.#parts, keys, context));
    this.tables = role === "combine" ? [] : [this.#store];
  }

  process(_input: number, batch: Batch): void {
    if (this.#role !== "merge") this.#takeRows(batch);
    else if (this.#passed.holds(batch.rows)) this.#addPassed(batch, batch.rows);
    else this.#addPartials(batch);
    if (this.#role !== "combine") for (const windows of this.#windows) windows.stirred();
  }

  advance(watermark: number): void {
    if (this.#role === "combine") return;
    for (const windows of this.#windows) windows.advance(watermark);
    this.#dropSlices(watermark);
  }

  restored(watermark: number, wakeAt = Infinity): void {
    this.#dropSlices(watermark);
    for (const windows of this.#windows) windows.restored(watermark, wakeAt);
  }

  flush(): void {
    if (this.#role === "combine") {
      this.#combining.flushed(this.#store.size);
      for (const slice of this.#store.all()) this.#context.emit(RESULTS, partialBatch(slice, this.#parts, this.#partialLayout, this.#keys));
      this.#store.clear();
      return;
    }
    for (const windows of this.#windows) windows.flush();
  }

  tick(now: number): void {
    for (const windows of this.#windows) windows.tick(now);
  }

  wakeAt(): number {
    return Math.min(...this.#windows.map(({ earlyAt }) => earlyAt));
  }

  #takeRows(batch: Batch): void {
    const rest = this.#inputs.read(this.#withoutLate(batch));
    this.#readSlots(rest);
    if (this.#role === "combine") {
      const passed = this.#combining.pays ? undefined : this.#passed.batch(this.#inputs, rest, this.#slots);
      if (passed !== undefined) {
        this.#combining.passed();
        if (passed.count > 0) this.#context.emit(RESULTS, passed);
        return;
      }
      this.#combining.combined(rest.count);
    }
    this.#addRead(rest);
  }

  /** Adds rows that the other side of the exchange has judged and not combined. */
  #addPassed(batch: Batch, rows: StructRows): void {
    this.#passed.read(batch, rows, this.#inputs);
    this.#readSlots(batch);
    this.#addRead(batch);
  }

  #readSlots(batch: Batch): void {
    const { count } = batch;
    this.#reserve(count);
    const slots = this.#slots;
    const keySlots = batch.keys?.slots;
    for (let i = 0; i < count; i++) slots[i] = keySlots === undefined || this.#keys === undefined ? UNKEYED : keySlots[rowAt(batch, i)];
  }

  /** Adds rows whose inputs and key slots were read. */
  #addRead(rest: Batch): void {
    const { count } = rest;
    const starts = this.#starts;
    const cursor = this.#cursor;
    for (let i = 0; i < count; i++) {
      cursor.move(rest.times[rowAt(rest, i)]);
      starts[i] = cursor.start;
    }
    for (let from = 0; from < count; ) {
      const start = starts[from];
      const minEnd = this.#slicing.firstEndAfter(start, rest.stamps[rowAt(rest, from)] - this.#lateness);
      // Whatever the stamp, as long as none of the slice's windows is over.
      const first = minEnd === this.#slicing.firstEndAfter(start, -Infinity);
      let to = from + 1;
      for (; to < count && starts[to] === start; to++) {
        const after = rest.stamps[rowAt(rest, to)] - this.#lateness;
        if (!(first && after < minEnd) && this.#slicing.firstEndAfter(start, after) !== minEnd) break;
      }
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
      if (part.number !== undefined) {
        const numbers = this.#inputs.numbers[p];
        for (let i = from; i < to; i++) {
          const number = numbers[i];
          if (number === number) accumulators[rows[i]] = part.aggregate.add(accumulators[rows[i]], number as never, batch.times[rowAt(batch, i)]);
        }
        return;
      }
      const inputs = this.#inputs.values[p];
      for (let i = from; i < to; i++) {
        const input = inputs[i];
        if (input === undefined || input === null) continue;
        accumulators[rows[i]] = part.aggregate.add(accumulators[rows[i]], input as never, batch.times[rowAt(batch, i)]);
      }
    });
    for (const windows of this.#windows) windows.touch(slice, this.#slots, from, to);
  }

  /** Adds an atom to users' own aggregates, all or none: where one throws the atom is a dead letter and adds to nothing. */
  #addCustom(slice: Slice, batch: Batch, i: number): number {
    const found = slice.find(this.#slots[i]);
    const row = rowAt(batch, i);
    const added: unknown[] = [];
    try {
      for (const p of this.#custom) {
        const part = this.#parts[p] as ValuePart;
        const input = this.#inputs.value(p, i);
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
    let slice: Slice | undefined;
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      if (slice === undefined || slice.start !== batch.times[row] || slice.minEnd !== batch.stamps[row]) slice = this.#sliceAt(batch.times[row], batch.stamps[row]);
      this.#slots[i] = keySlots === undefined || this.#keys === undefined ? UNKEYED : keySlots[row];
      const target = slice.row(this.#slots[i]);
      try {
        mergePartials(slice, target, columns, row, this.#parts);
      } catch (error) {
        this.#context.fail(batch, row, error);
        continue;
      }
      slice.markChanged(target);
      for (const windows of this.#windows) windows.touch(slice, this.#slots, i, i + 1);
    }
  }

  /**
   * Late rows go to the late output of the windows that they are late for, and are counted once; those
   * that are late for all are not added. What lies between windows belongs to none, and is not late.
   */
  #withoutLate(batch: Batch): Batch {
    if (!this.#hasLate(batch)) return batch;
    const { windows, sliceStart, lastEnd } = this.#slicing;
    const lateness = this.#lateness;
    const inside = this.#slicing.gaps ? this.#withoutOutside(batch) : batch;
    if (windows.length === 1) return withoutLate(inside, this.#context, latePort(0), (time, stamp) => lastEnd(sliceStart(time)) + lateness <= stamp);
    const isLate = (window: SlicedWindow, time: number, stamp: number): boolean => {
      const start = sliceStart(time);
      return window.lastEnd(start) + lateness <= stamp && !isBetween(window, start);
    };
    const [late] = divide(inside, (time, stamp) => windows.some((window) => isLate(window, time, stamp)));
    if (late === undefined) return inside;
    this.#context.late(late.count);
    windows.forEach((window, n) => {
      const [own] = divide(late, (time, stamp) => isLate(window, time, stamp));
      if (own !== undefined) this.#context.emit(latePort(n), own);
    });
    return divide(inside, (time, stamp) => lastEnd(sliceStart(time)) + lateness <= stamp)[1];
  }

  #withoutOutside(batch: Batch): Batch {
    const { windows, sliceStart } = this.#slicing;
    return divide(batch, (time) => windows.every((window) => isBetween(window, sliceStart(time))))[1];
  }

  /** Whether a row is late for any of the windows. */
  #hasLate(batch: Batch): boolean {
    const cursor = this.#cursor;
    const lateness = this.#lateness;
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      cursor.move(batch.times[row]);
      if (cursor.firstOver + lateness <= batch.stamps[row]) return true;
    }
    return false;
  }

  #sliceAt(start: number, minEnd: number): Slice {
    const found = this.#store.get(start, minEnd);
    if (found !== undefined) return found;
    const slice = this.#store.make(start, minEnd);
    if (this.#role !== "combine") for (const windows of this.#windows) windows.opened(start);
    return slice;
  }

  #dropSlices(watermark: number): void {
    for (const start of [...this.#store.starts()]) if (this.#slicing.lastEnd(start) + this.#lateness <= watermark) this.#store.drop(start);
  }

  #reserve(count: number): void {
    if (count <= this.#slots.length) return;
    const length = Math.max(count, 1024, this.#slots.length * 2);
    this.#slots = new Int32Array(length);
    this.#sliceRows = new Int32Array(length);
    this.#starts = new Float64Array(length);
  }
}

/** Output port of the results of the nth of the windows that share slices. */
export function resultsPort(n: number): number {
  return 2 * n + RESULTS;
}

/** Output port of the late rows of the nth of the windows that share slices. */
export function latePort(n: number): number {
  return 2 * n + LATE;
}
