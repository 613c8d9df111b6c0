import type { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { DueHeap } from "../state/due-heap.ts";
import type { KeySpace } from "../state/key-space.ts";
import { KeyedTable, type CellForm } from "../state/keyed-table.ts";
import type { StateTable } from "../state/table.ts";

/** A key's timers of one kind, ascending, each with the event time at which it was registered. */
interface TimerCell {
  times: number[];
  origins: number[];
}

const TIMER_CELLS: CellForm<TimerCell> = {
  format: "timers-1",
  make: () => ({ times: [], origins: [] }),
  encode(cell, writer: ByteWriter) {
    writer.varint(cell.times.length);
    for (const time of cell.times) writer.f64(time);
    for (const origin of cell.origins) writer.f64(origin);
  },
  decode(reader: ByteReader) {
    const count = reader.count(16);
    return { times: Array.from({ length: count }, () => reader.f64()), origins: Array.from({ length: count }, () => reader.f64()) };
  },
  expire: () => Infinity,
  isEmpty: (cell) => cell.times.length === 0,
};

/**
 * The timers of each key, committed key by key, with a heap that holds a key once: under a time at or
 * before its earliest timer. So registering and deleting timers again and again does not make it grow.
 */
export class TimerTable {
  readonly #table: KeyedTable<TimerCell>;
  readonly #heap = new DueHeap();
  /** By slot: the time under which the heap holds the key; Infinity: it does not. */
  #armed = new Float64Array(0);

  constructor(name: string, keys: KeySpace) {
    this.#table = new KeyedTable(name, TIMER_CELLS, keys);
  }

  get table(): StateTable {
    return this.#table;
  }

  /** The earliest timer of a key; Infinity for none. */
  earliest(slot: number): number {
    return this.#table.get(slot)?.times[0] ?? Infinity;
  }

  /** A time at or before the earliest timer of all keys; Infinity for none. */
  get next(): number {
    return this.#heap.earliest;
  }

  register(slot: number, time: number, origin: number): void {
    const found = this.#table.get(slot);
    const at = found === undefined ? 0 : placeOf(found.times, time);
    if (found?.times[at] === time) return;
    const cell = this.#table.change(slot);
    cell.times.splice(at, 0, time);
    cell.origins.splice(at, 0, origin);
    this.#arm(slot, time);
  }

  delete(slot: number, time: number): void {
    const found = this.#table.get(slot);
    if (found === undefined) return;
    const at = placeOf(found.times, time);
    if (found.times[at] === time) this.#removeAt(slot, at);
  }

  /** Takes a key's earliest timer away and gives the event time at which it was registered. */
  take(slot: number): number {
    const origin = this.#table.get(slot)?.origins[0] ?? -Infinity;
    this.#removeAt(slot, 0);
    return origin;
  }

  /** The key with the earliest timer of all that are due by `limit`, which stays; -1 where none is. */
  due(limit: number): number {
    while (this.#heap.earliest <= limit && this.#heap.size > 0) {
      const under = this.#heap.earliest;
      const slot = this.#heap.pop();
      if (this.#armed[slot] !== under) continue;
      this.#armed[slot] = Infinity;
      const earliest = this.earliest(slot);
      if (earliest === Infinity) continue;
      this.#arm(slot, earliest);
      if (earliest === under) return slot;
    }
    return -1;
  }

  restored(): void {
    this.#heap.clear();
    this.#armed.fill(Infinity);
    for (const slot of this.#table.slots()) this.#arm(slot, this.earliest(slot));
  }

  #removeAt(slot: number, at: number): void {
    const cell = this.#table.change(slot);
    cell.times.splice(at, 1);
    cell.origins.splice(at, 1);
    if (cell.times.length === 0) this.#table.delete(slot);
  }

  #arm(slot: number, time: number): void {
    if (slot >= this.#armed.length) {
      const wider = new Float64Array(Math.max(slot + 1, 64, this.#armed.length * 2)).fill(Infinity);
      wider.set(this.#armed);
      this.#armed = wider;
    }
    if (this.#armed[slot] <= time) return;
    this.#armed[slot] = time;
    this.#heap.push(time, slot);
  }
}

/** The first place whose time is not before `time`. */
function placeOf(times: readonly number[], time: number): number {
  let from = 0;
  let to = times.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (times[middle] < time) from = middle + 1;
    else to = middle;
  }
  return from;
}
