import type { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { IntMap } from "../../codec/int-map.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { Part } from "./layout.ts";

/**
 * The accumulators of one stretch of event time, one row per key. Rows are numbered in the order in
 * which their keys came and are never removed; the slice goes as a whole.
 */
export class Slice {
  /** Event time at which the slice begins. */
  readonly start: number;
  /** The earliest window end that its rows count for: atoms late for earlier windows lie in slices of their own. */
  readonly minEnd: number;
  readonly numbers: (Float64Array | undefined)[] = [];
  readonly values: (unknown[] | undefined)[] = [];
  count = 0;
  /** Key slot of each row; -1: the one row of a stream without keys. */
  slots = new Int32Array(16);
  /** Whether a row changed since `takeChanged`. */
  #changed = new Uint8Array(16);
  #changedRows = new Int32Array(16);
  #changedCount = 0;
  /** Rows of each key group as linked lists: the latest row of a group, and the one before each row. */
  readonly #lastOfGroup = new Map<number, number>();
  #previous = new Int32Array(16);
  #rowOfSlot: Int32Array | undefined;
  readonly #sparse = new IntMap();
  #unkeyed = -1;
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;

  constructor(start: number, minEnd: number, parts: readonly Part[], keys: KeySpace | undefined) {
    this.start = start;
    this.minEnd = minEnd;
    this.#parts = parts;
    this.#keys = keys;
    for (const part of parts) {
      this.numbers.push(part.form === "numeric" ? new Float64Array(16 * part.aggregate.width) : undefined);
      this.values.push(part.form === "value" ? [] : undefined);
    }
  }

  /** The row of a key, made if it has none. */
  row(slot: number): number {
    const found = this.find(slot);
    return found >= 0 ? found : this.#append(slot);
  }

  /** The row of a key, or -1. */
  find(slot: number): number {
    if (slot < 0) return this.#unkeyed;
    const dense = this.#rowOfSlot;
    if (dense !== undefined) return slot < dense.length ? dense[slot] - 1 : -1;
    return this.#sparse.get(slot);
  }

  markChanged(row: number): void {
    if (this.#changed[row] !== 0) return;
    this.#changed[row] = 1;
    this.#changedRows[this.#changedCount++] = row;
  }

  get changedCount(): number {
    return this.#changedCount;
  }

  /** The rows that changed since the last call; they count as unchanged afterwards. Good until the next change. */
  takeChanged(): Int32Array {
    const rows = this.#changedRows.subarray(0, this.#changedCount);
    for (let i = 0; i < rows.length; i++) this.#changed[rows[i]] = 0;
    this.#changedCount = 0;
    return rows;
  }

  /** The rows whose keys belong to a key group. */
  rowsOfGroup(group: number): number[] {
    const rows: number[] = [];
    for (let row = this.#lastOfGroup.get(group) ?? -1; row >= 0; row = this.#previous[row]) rows.push(row);
    return rows;
  }

  group(row: number): number {
    const slot = this.slots[row];
    return slot < 0 || this.#keys === undefined ? 0 : this.#keys.group(slot);
  }

  /** Adds the accumulators of a row of another slice of the same layout. */
  mergeRow(row: number, other: Slice, otherRow: number): void {
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        const { width } = part.aggregate;
        part.aggregate.merge(this.numbers[p] as Float64Array, row * width, other.numbers[p] as Float64Array, otherRow * width);
      } else {
        const values = this.values[p] as unknown[];
        // The other's accumulator stays as it is: merge may change its first argument only.
        values[row] = part.aggregate.merge(values[row], (other.values[p] as unknown[])[otherRow]);
      }
    });
  }

  encodeRow(row: number, writer: ByteWriter): void {
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        const { width } = part.aggregate;
        const numbers = this.numbers[p] as Float64Array;
        for (let i = row * width; i < (row + 1) * width; i++) writer.f64(numbers[i]);
      } else {
        part.aggregate.encode((this.values[p] as unknown[])[row], writer);
      }
    });
  }

  decodeRow(row: number, reader: ByteReader): void {
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        const { width } = part.aggregate;
        const numbers = this.numbers[p] as Float64Array;
        for (let i = row * width; i < (row + 1) * width; i++) numbers[i] = reader.f64();
      } else {
        (this.values[p] as unknown[])[row] = part.aggregate.decode(reader);
      }
    });
  }

  /** Lets go of the keys it refers to. */
  dispose(): void {
    if (this.#keys === undefined) return;
    for (let row = 0; row < this.count; row++) if (this.slots[row] >= 0) this.#keys.release(this.slots[row]);
  }

  get memoryBytes(): number {
    let bytes = this.slots.byteLength * 3 + this.#changed.byteLength + (this.#rowOfSlot?.byteLength ?? this.count * 16);
    for (const numbers of this.numbers) bytes += numbers?.byteLength ?? 0;
    for (const values of this.values) bytes += (values?.length ?? 0) * 64;
    return bytes;
  }

  #append(slot: number): number {
    const row = this.count++;
    if (row === this.slots.length) this.#grow();
    this.slots[row] = slot;
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") part.aggregate.reset(this.numbers[p] as Float64Array, row * part.aggregate.width);
      else (this.values[p] as unknown[]).push(part.aggregate.init());
    });
    if (slot < 0) {
      this.#unkeyed = row;
    } else {
      this.#keys?.retain(slot);
      this.#index(slot, row);
    }
    const group = this.group(row);
    this.#previous[row] = this.#lastOfGroup.get(group) ?? -1;
    this.#lastOfGroup.set(group, row);
    return row;
  }

  #index(slot: number, row: number): void {
    const known = this.#keys?.table.size ?? 0;
    if (this.#rowOfSlot === undefined) {
      this.#sparse.set(slot, row);
      // Once a fair share of all keys has a row, an array by slot is smaller and faster than a map.
      if (this.count >= 64 && this.count * 4 > known) this.#makeDense(known);
      return;
    }
    if (slot >= this.#rowOfSlot.length) {
      const wider = new Int32Array(Math.max(slot + 1, known, this.#rowOfSlot.length * 2));
      wider.set(this.#rowOfSlot);
      this.#rowOfSlot = wider;
    }
    this.#rowOfSlot[slot] = row + 1;
  }

  #makeDense(known: number): void {
    const dense = new Int32Array(Math.max(known, 64));
    for (let row = 0; row < this.count; row++) if (this.slots[row] >= 0) dense[this.slots[row]] = row + 1;
    this.#rowOfSlot = dense;
    this.#sparse.clear();
  }

  #grow(): void {
    const length = this.slots.length * 2;
    this.slots = copied(this.slots, new Int32Array(length));
    this.#previous = copied(this.#previous, new Int32Array(length));
    this.#changedRows = copied(this.#changedRows, new Int32Array(length));
    this.#changed = copied(this.#changed, new Uint8Array(length));
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        this.numbers[p] = copied(this.numbers[p] as Float64Array, new Float64Array(length * part.aggregate.width));
      }
    });
  }
}

function copied<A extends Int32Array | Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
