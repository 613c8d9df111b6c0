import { numberColumn } from "../../codec/columns.ts";
import { createRowLayout, ObjectRows, StructRows, type RowLayout } from "../../codec/formats/struct-rows.ts";
import { AFTER, DELETE, INSERT, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { LATE, RESULTS, type WindowNode } from "../../graph/nodes.ts";
import type { Window } from "../../graph/window.ts";
import { BatchBuilder, rowAt } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { DueHeap } from "../state/due-heap.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { WindowInputs, withoutLate } from "../window/inputs.ts";
import { layoutOf, type Part } from "../window/layout.ts";
import { accumulatorColumns, mergePartials, partialColumns, partialLayout } from "../window/partials.ts";
import { dueAgain, lastMoment } from "../window/open-windows.ts";
import type { WindowRole } from "../window/window-operator.ts";
import { FIRED, SessionStore, SHOWN } from "./session-store.ts";

/**
 * Windows that grow: an atom at t opens [t, t + gap), and windows of a key that overlap are one, so
 * that a session is [first, last + gap) and atoms exactly `gap` apart lie in two.
 *
 * What a session holds is a function of its atoms' times and stamps, not of batches or cuts. An atom
 * is late when t + gap + lateness <= stamp. One within its bound (t + lateness >= stamp) always finds
 * its session open. One that is further behind and yet not late joins the sessions that are open when
 * the watermark is its stamp: it waits for that, as those that end before must not take it.
 */
export class SessionOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #role: WindowRole;
  readonly #keys: KeySpace | undefined;
  readonly #gap: number;
  readonly #lateness: number;
  readonly #early: number;
  readonly #parts: readonly Part[];
  readonly #store: SessionStore;
  readonly #inputs: WindowInputs;
  readonly #layout: RowLayout;
  /** Whether adding may throw: atoms are then added to a row of their own first. */
  readonly #careful: boolean;
  readonly #closing = new DueHeap();
  readonly #waiting = new DueHeap();
  /** By row: the time under which the closing heap holds it, at or before the one it is due; Infinity: it does not. */
  #armed = new Float64Array(0);
  /** Sessions that have ended, take atoms still, and have changed since they were last shown. */
  readonly #touched = new Set<number>();
  readonly #out = new BatchBuilder();
  #rows = new Int32Array(0);
  #watermark = -Infinity;
  #earlyAt = Infinity;

  constructor(node: WindowNode, gap: number, role: WindowRole, keys: KeySpace | undefined, context: OperatorContext) {
    this.#gap = gap;
    this.#lateness = node.lateness;
    this.#early = node.early;
    this.#role = role;
    this.#keys = keys;
    this.#context = context;
    this.#parts = layoutOf(node.aggregates, context.subject);
    this.#store = new SessionStore(this.#parts, gap, node.lateness, keys);
    this.#inputs = new WindowInputs(this.#parts, context);
    this.#layout = createRowLayout([...partialLayout(this.#parts).columns, { name: "last", kind: "number" }]);
    this.#careful = this.#parts.some((part) => part.form === "value" && part.custom);
    this.tables = role === "combine" ? [] : [this.#store];
  }

  process(_input: number, batch: Batch): void {
    if (this.#role === "merge") this.#addPartials(batch);
    else this.#addAtoms(batch);
    if (this.#role === "combine") return;
    if (this.#early < Infinity && this.#earlyAt === Infinity && this.#store.size > 0) this.#earlyAt = this.#context.clock.now() + this.#early;
    this.#emit();
  }

  advance(watermark: number): void {
    if (this.#role === "combine") return;
    for (;;) {
      const closes = this.#closing.earliest;
      const waits = this.#waiting.earliest;
      // What ends at a time has ended before what waits for it comes in.
      if (closes <= waits && closes <= watermark && this.#closing.size > 0) this.#close(closes, this.#closing.pop());
      else if (waits <= watermark && this.#waiting.size > 0) this.#letIn(waits, this.#waiting.pop());
      else break;
    }
    this.#watermark = watermark;
    this.#emit();
  }

  restored(watermark: number, wakeAt = Infinity): void {
    this.#watermark = watermark;
    const store = this.#store;
    for (const row of [...store.all()]) {
      if (isNumber(store.waits[row])) {
        this.#waiting.push(store.waits[row], row);
      } else if (this.#end(row) + this.#lateness <= watermark) {
        store.remove(row);
      } else {
        if (this.#end(row) <= watermark) store.flags[row] |= FIRED;
        this.#arm(row);
      }
    }
    if (this.#early < Infinity && store.size > 0) this.#earlyAt = dueAgain(this.#context.clock.now() + this.#early, wakeAt);
  }

  flush(): void {
    if (this.#role === "combine") {
      this.#handOver();
      return;
    }
    for (const row of this.#touched) this.#show(row, AFTER | PROVISIONAL);
    this.#touched.clear();
    this.#emit();
  }

  tick(now: number): void {
    if (now < this.#earlyAt) return;
    this.#earlyAt = this.#store.size > 0 ? now + this.#early : Infinity;
    for (const row of this.#store.all()) {
      if (!isNumber(this.#store.waits[row]) && this.#end(row) > this.#watermark) this.#show(row, AFTER | PROVISIONAL);
    }
    this.#emit();
  }

  wakeAt(): number {
    return this.#earlyAt;
  }

  #addAtoms(batch: Batch): void {
    const gap = this.#gap;
    const lateness = this.#lateness;
    const rest = this.#inputs.read(withoutLate(batch, this.#context, LATE, (time, stamp) => time + gap + lateness <= stamp));
    const { count } = rest;
    if (count > this.#rows.length) this.#rows = new Int32Array(Math.max(count, this.#rows.length * 2, 1024));
    const keySlots = rest.keys?.slots;
    // Atoms whose rows are known are added together, before a merge moves accumulators.
    let from = 0;
    for (let i = 0; i < count; i++) {
      const at = rowAt(rest, i);
      const slot = keySlots === undefined || this.#keys === undefined ? UNKEYED : keySlots[at];
      const time = rest.times[at];
      const waits = time + lateness < rest.stamps[at];
      const row = waits || this.#careful ? NONE : this.#grown(slot, time);
      if (row !== NONE) {
        this.#rows[i] = row;
        continue;
      }
      this.#addRun(rest, from, i);
      from = i + 1;
      this.#addAlone(rest, i, slot, time, waits ? rest.stamps[at] : Number.NaN);
    }
    this.#addRun(rest, from, count);
  }

  /** The one session that an atom falls into, grown by it; or none. */
  #grown(slot: number, time: number): number {
    const store = this.#store;
    let found = NONE;
    for (const row of store.of(slot)) {
      if (isNumber(store.waits[row]) || !this.#overlaps(row, time, time)) continue;
      if (found !== NONE) return NONE;
      found = row;
    }
    if (found !== NONE) this.#grow(found, time, time);
    return found;
  }

  #addRun(batch: Batch, from: number, to: number): void {
    if (from === to) return;
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        part.aggregate.addMany(this.#store.numbers[p] as Float64Array, this.#rows, this.#inputs.numbers[p], from, to);
      } else {
        for (let i = from; i < to; i++) this.#addValue(part.aggregate, p, this.#rows[i], i, batch.times[rowAt(batch, i)]);
      }
    });
  }

  #addValue(aggregate: { add(accumulator: unknown, input: unknown, time: number): unknown }, p: number, row: number, i: number, time: number): void {
    const accumulators = this.#store.values[p] as unknown[];
    const input = this.#inputs.value(p, i);
    if (input !== undefined && input !== null) accumulators[row] = aggregate.add(accumulators[row], input, time);
  }

  /** Makes a session of one atom; it waits, or is merged with those it overlaps. Nothing is left of it where that throws. */
  #addAlone(batch: Batch, i: number, slot: number, time: number, waits: number): void {
    const row = this.#store.make(slot, time, time, waits);
    this.#rows[i] = row;
    try {
      this.#addRun(batch, i, i + 1);
      this.#settle(row);
    } catch (error) {
      this.#remove(row);
      this.#context.fail(batch, rowAt(batch, i), error);
    }
  }

  #addPartials(batch: Batch): void {
    const columns = partialColumns(batch.rows, this.#parts);
    const lasts = batch.rows.column("last");
    const keySlots = batch.keys?.slots;
    for (let i = 0; i < batch.count; i++) {
      const at = rowAt(batch, i);
      const slot = keySlots === undefined || this.#keys === undefined ? UNKEYED : keySlots[at];
      const last = lasts?.type === "number" ? lasts.values[at] : batch.times[at];
      const waits = batch.stamps[at] === -Infinity ? Number.NaN : batch.stamps[at];
      const row = this.#store.make(slot, batch.times[at], last, waits);
      try {
        mergePartials(this.#store, row, columns, at, this.#parts);
        this.#settle(row);
      } catch (error) {
        this.#remove(row);
        this.#context.fail(batch, at, error);
      }
    }
  }

  /** A row that was made takes its place: it waits for its stamp, or becomes a session. */
  #settle(row: number): void {
    const store = this.#store;
    if (isNumber(store.waits[row])) {
      if (this.#role !== "combine") this.#waiting.push(store.waits[row], row);
    } else {
      this.#join(row);
    }
    store.markChanged(store.slots[row]);
  }

  /** Merges a new row with the sessions that it overlaps. They are as they were where that throws. */
  #join(row: number): void {
    const store = this.#store;
    const { first, last } = store;
    const others = store.of(store.slots[row]).filter((other) => other !== row && !isNumber(store.waits[other]) && this.#overlaps(other, first[row], last[row]));
    for (const other of others) store.merge(row, other);
    const [into, ...gone] = others;
    if (into === undefined) {
      this.#arm(row);
      this.#noteIfEnded(row);
      return;
    }
    let from = Math.min(first[row], first[into]);
    let to = Math.max(last[row], last[into]);
    for (const other of gone) {
      this.#retract(other);
      from = Math.min(from, first[other]);
      to = Math.max(to, last[other]);
    }
    this.#grow(into, from, to);
    store.take(into, row);
    for (const other of [row, ...gone]) this.#remove(other);
  }

  /** A session takes something in: what was said of it no longer holds. */
  #grow(row: number, from: number, to: number): void {
    const store = this.#store;
    this.#retract(row);
    if (from < store.first[row]) store.first[row] = from;
    if (to > store.last[row]) store.last[row] = to;
    store.flags[row] = 0;
    store.markChanged(store.slots[row]);
    this.#arm(row);
    this.#noteIfEnded(row);
  }

  /** A session that ends before the watermark has nothing to wait for but its lateness. */
  #noteIfEnded(row: number): void {
    if (this.#role === "combine" || this.#end(row) > this.#watermark) return;
    this.#store.flags[row] |= FIRED;
    this.#touched.add(row);
  }

  #letIn(stamp: number, row: number): void {
    const store = this.#store;
    if (store.waits[row] !== stamp) return;
    this.#watermark = Math.max(this.#watermark, stamp);
    store.waits[row] = Number.NaN;
    store.markChanged(store.slots[row]);
    try {
      this.#join(row);
    } catch (error) {
      this.#failRow(row, error);
      this.#remove(row);
    }
  }

  #close(time: number, row: number): void {
    const store = this.#store;
    if (this.#armed[row] !== time) return;
    this.#armed[row] = Infinity;
    const due = this.#end(row) + ((store.flags[row] & FIRED) === 0 ? 0 : this.#lateness);
    if (due > time) {
      this.#arm(row);
      return;
    }
    const final = this.#end(row) + this.#lateness <= time;
    if (!final) {
      store.flags[row] |= FIRED;
      this.#touched.delete(row);
      this.#show(row, AFTER | PROVISIONAL);
      this.#arm(row);
      return;
    }
    this.#show(row, this.#lateness > 0 || this.#early < Infinity ? AFTER : INSERT);
    this.#remove(row);
  }

  #show(row: number, kind: number): void {
    let result: unknown;
    try {
      result = this.#result(row);
    } catch (error) {
      this.#failRow(row, error);
      return;
    }
    const end = this.#end(row);
    this.#out.add(result, lastMoment(end), lastMoment(end + this.#lateness), kind);
    if ((kind & PROVISIONAL) === 0 || (this.#store.flags[row] & SHOWN) !== 0) return;
    this.#store.flags[row] |= SHOWN;
    this.#store.markChanged(this.#store.slots[row]);
  }

  /** Takes back what was shown of a session that is about to change. */
  #retract(row: number): void {
    if ((this.#store.flags[row] & SHOWN) === 0) return;
    const end = this.#end(row);
    this.#out.add(this.#result(row), lastMoment(end), lastMoment(end + this.#lateness), DELETE);
    this.#store.flags[row] &= ~SHOWN;
  }

  #result(row: number): Record<string, unknown> {
    const window: Window = { start: this.#store.first[row], end: this.#end(row) };
    const result: Record<string, unknown> = this.#keys === undefined ? { window } : { window, key: this.#keys.table.value(this.#store.slots[row]) };
    this.#parts.forEach((part, p) => {
      result[part.name] =
        part.form === "numeric"
          ? part.aggregate.result(this.#store.numbers[p] as Float64Array, row * part.aggregate.width)
          : part.aggregate.result((this.#store.values[p] as unknown[])[row]);
    });
    return result;
  }

  /** What failed is not one atom but what a session has come to. */
  #failRow(row: number, error: unknown): void {
    const window: Window = { start: this.#store.first[row], end: this.#end(row) };
    const value = this.#keys === undefined ? { window } : { window, key: this.#keys.table.value(this.#store.slots[row]) };
    const times = Float64Array.of(this.#store.last[row]);
    this.#context.fail({ count: 1, selection: undefined, rows: new ObjectRows([value]), times, stamps: times, kinds: undefined, keys: undefined }, 0, error);
  }

  #handOver(): void {
    const rows = Int32Array.from(this.#store.all());
    if (rows.length === 0) return;
    const { slots, first, last, waits } = this.#store;
    const columns = [...accumulatorColumns(this.#store, rows, this.#parts), numberColumn(Float64Array.from(rows, (row) => last[row]))];
    this.#context.emit(RESULTS, {
      count: rows.length,
      selection: undefined,
      rows: new StructRows(this.#layout, columns, rows.length),
      times: Float64Array.from(rows, (row) => first[row]),
      stamps: Float64Array.from(rows, (row) => (isNumber(waits[row]) ? waits[row] : -Infinity)),
      kinds: undefined,
      keys: this.#keys === undefined ? undefined : { table: this.#keys.table, slots: Int32Array.from(rows, (row) => slots[row]) },
    });
    this.#store.clear();
    this.#store.changes(() => undefined);
  }

  #overlaps(row: number, first: number, last: number): boolean {
    return this.#store.first[row] < last + this.#gap && first < this.#store.last[row] + this.#gap;
  }

  #end(row: number): number {
    return this.#store.last[row] + this.#gap;
  }

  #arm(row: number): void {
    if (this.#role === "combine") return;
    if (row >= this.#armed.length) {
      const wider = new Float64Array(Math.max(row + 1, 64, this.#armed.length * 2)).fill(Infinity);
      wider.set(this.#armed);
      this.#armed = wider;
    }
    const due = this.#end(row) + ((this.#store.flags[row] & FIRED) === 0 ? 0 : this.#lateness);
    if (this.#armed[row] <= due) return;
    this.#armed[row] = due;
    this.#closing.push(due, row);
  }

  #remove(row: number): void {
    if (row < this.#armed.length) this.#armed[row] = Infinity;
    this.#touched.delete(row);
    this.#store.remove(row);
  }

  #emit(): void {
    if (this.#out.count > 0) this.#context.emit(RESULTS, this.#out.take());
  }
}

const UNKEYED = -1;
const NONE = -1;

function isNumber(value: number): boolean {
  return value === value;
}
