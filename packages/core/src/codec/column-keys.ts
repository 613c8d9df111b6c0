import type { Batch, Key, KeySource } from "../contracts/batch.ts";
import type { NumberColumn, StringColumn } from "../contracts/columns.ts";
import { ByteWriter } from "./bytes.ts";
import { encodeKey, NUMBER_KEY_BYTES, numberKeyHash } from "./key.ts";
import { keyHash } from "./murmur2.ts";

/**
 * Keys that are a column of their rows: a key's slot is its row, so equal keys may have several. For
 * keys that are only sent, or asked whether they were seen: nothing is looked up or copied.
 */
export class ColumnKeys implements KeySource {
  readonly generation = 0;
  readonly size: number;
  readonly field: string;
  readonly column: NumberColumn | StringColumn;
  /** The keys where they are numbers. */
  readonly numbers: Float64Array | undefined;
  #encoded: Uint8Array | undefined;

  /** Each row that is asked for must have a value, a number a finite one: see `columnKeys`. */
  constructor(field: string, column: NumberColumn | StringColumn, rows: number) {
    this.field = field;
    this.column = column;
    this.size = rows;
    this.numbers = column.type === "number" ? column.values : undefined;
  }

  value(slot: number): Key {
    return this.column.type === "number" ? this.column.values[slot] + 0 : this.column.get(slot);
  }

  hash(slot: number): number {
    const { column } = this;
    return column.type === "number" ? numberKeyHash(column.values[slot]) : keyHash(column.bytes, column.starts[slot], column.ends[slot]);
  }

  get bytes(): Uint8Array {
    return this.column.type === "number" ? (this.#encoded ??= encodeNumbers(this.column.values, this.size)) : this.column.bytes;
  }

  start(slot: number): number {
    return this.column.type === "number" ? slot * NUMBER_KEY_BYTES : this.column.starts[slot];
  }

  end(slot: number): number {
    return this.column.type === "number" ? (slot + 1) * NUMBER_KEY_BYTES : this.column.ends[slot];
  }
}

/** The batch keyed by a field; undefined where that is no column of numbers or strings, or a selected row has no value there that can be a key. */
export function columnKeys(field: string, batch: Batch): Batch | undefined {
  const { rows, selection, count } = batch;
  const column = rows.column(field);
  if (column?.type !== "number" && column?.type !== "string") return undefined;
  const { valid } = column;
  if (valid !== undefined || column.type === "number") {
    for (let i = 0; i < count; i++) {
      const row = selection === undefined ? i : selection[i];
      if (valid !== undefined && valid[row] === 0) return undefined;
      if (column.type === "number" && !Number.isFinite(column.values[row])) return undefined;
    }
  }
  const slots = new Int32Array(rows.length);
  for (let row = 0; row < slots.length; row++) slots[row] = row;
  return { ...batch, keys: { table: new ColumnKeys(field, column, rows.length), slots } };
}

function encodeNumbers(values: Float64Array, count: number): Uint8Array {
  const writer = new ByteWriter(count * NUMBER_KEY_BYTES);
  for (let row = 0; row < count; row++) encodeKey(Number.isFinite(values[row]) ? values[row] : 0, writer);
  return writer.bytes();
}
