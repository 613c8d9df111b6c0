import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { Slicing } from "../window/slicing.ts";
import type { StateTable } from "../state/table.ts";
import { KeyedLog, readKey, writeKey } from "./keyed-log.ts";

/** A row of a slice of event time: it counts for windows that end at `minEnd` or later. */
export interface WindowRow {
  readonly minEnd: number;
  readonly value: unknown;
}

interface LoggedRow extends WindowRow {
  readonly start: number;
}

/** Key group, then slot, then rows in the order in which they came. */
type SliceRows = Map<number, Map<number, WindowRow[]>>;

/** One side's rows of the open windows of a join, by slice of event time. */
export class WindowRows implements StateTable {
  readonly name: string;
  readonly format: string;
  readonly #keys: KeySpace;
  readonly #slices = new Map<number, SliceRows>();
  readonly #added: KeyedLog<LoggedRow>;
  #size = 0;

  constructor(name: string, slicing: Slicing, keys: KeySpace) {
    this.format = `window-rows-1(${slicing.format})`;
    this.name = name;
    this.#keys = keys;
    this.#added = new KeyedLog(keys);
  }

  starts(): Iterable<number> {
    return this.#slices.keys();
  }

  /** Throws MILLRACE_SCHEMA, and keeps nothing, for a value that cannot be stored. */
  add(slot: number, start: number, minEnd: number, value: unknown): void {
    const row: LoggedRow = { start, minEnd, value };
    this.#added.add(slot, row, (writer) => encodeRow(start, row, writer));
    this.#insert(slot, start, row);
  }

  /** Adds the rows of the window that ends at `end`, of slices from `from` on, to `into` by slot. */
  gather(from: number, end: number, into: Map<number, unknown[]>): void {
    const starts = [...this.#slices.keys()].filter((start) => start >= from && start < end).sort((a, b) => a - b);
    for (const start of starts) {
      for (const slots of this.#slices.get(start)?.values() ?? []) {
        for (const [slot, rows] of slots) {
          for (const { minEnd, value } of rows) {
            if (minEnd > end) continue;
            const values = into.get(slot);
            if (values === undefined) into.set(slot, [value]);
            else values.push(value);
          }
        }
      }
    }
  }

  /** Forgets a slice; the committed watermark that let it go makes loading forget it too. */
  drop(start: number): void {
    for (const slots of this.#slices.get(start)?.values() ?? []) {
      for (const [slot, rows] of slots) {
        this.#keys.release(slot);
        this.#size -= rows.length;
      }
    }
    this.#slices.delete(start);
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    this.#added.take(({ start }) => this.#slices.has(start), emit);
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const [start, groups] of this.#slices) {
      for (const [slot, rows] of groups.get(group) ?? []) {
        for (const row of rows) {
          writeKey(this.#keys, slot, writer);
          encodeRow(start, row, writer);
        }
      }
    }
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const slot = readKey(this.#keys, reader);
      const start = reader.f64();
      const minEnd = reader.f64();
      this.#insert(slot, start, { minEnd, value: decodeValue(reader) });
    }
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#size * 96;
  }

  #insert(slot: number, start: number, row: WindowRow): void {
    let groups = this.#slices.get(start);
    if (groups === undefined) this.#slices.set(start, (groups = new Map()));
    const group = this.#keys.group(slot);
    let slots = groups.get(group);
    if (slots === undefined) groups.set(group, (slots = new Map<number, WindowRow[]>()));
    const rows = slots.get(slot);
    this.#size++;
    if (rows !== undefined) {
      rows.push(row);
      return;
    }
    slots.set(slot, [row]);
    this.#keys.retain(slot);
  }
}

function encodeRow(start: number, row: WindowRow, writer: ByteWriter): void {
  writer.f64(start);
  writer.f64(row.minEnd);
  encodeValue(row.value, writer);
}
