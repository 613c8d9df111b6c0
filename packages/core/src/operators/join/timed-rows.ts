import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { Deadlines } from "./deadlines.ts";
import { GroupedSlots, KeyedLog, readKey, writeKey } from "./keyed-log.ts";

/** A row that waits for others of its key. */
export interface TimedRow {
  readonly id: number;
  readonly time: number;
  readonly stamp: number;
  readonly value: unknown;
  /** Whether it has been part of a pair. */
  matched: boolean;
  gone: boolean;
}

/** The rows of one key by time, then arrival; those before `head` are gone. */
interface RowList {
  rows: TimedRow[];
  head: number;
}

const ADDED = 0;
const ADDED_MATCHED = 1;
const MATCHED = 2;

/** Rows per key that are kept until the watermark has passed their time by `horizon`. */
export class TimedRows implements StateTable {
  readonly name: string;
  readonly format: string;
  readonly #keys: KeySpace;
  readonly #horizon: number;
  readonly #lists = new Map<number, RowList>();
  readonly #slots: GroupedSlots;
  readonly #deadlines = new Deadlines();
  readonly #added: KeyedLog<TimedRow>;
  #matched: { readonly slot: number; readonly row: TimedRow }[] = [];
  /** Rows with ids from here on are in `#added`. */
  #firstAdded = 0;
  #nextId = 0;
  #size = 0;

  constructor(name: string, keys: KeySpace, horizon: number) {
    this.format = `timed-rows-1(horizon ${horizon})`;
    this.name = name;
    this.#keys = keys;
    this.#horizon = horizon;
    this.#slots = new GroupedSlots(keys);
    this.#added = new KeyedLog(keys);
  }

  /** Throws MILLRACE_SCHEMA, and keeps nothing, for a value that cannot be stored. */
  add(slot: number, time: number, stamp: number, value: unknown): TimedRow {
    const row: TimedRow = { id: this.#nextId, time, stamp, value, matched: false, gone: false };
    this.#added.add(slot, row, (writer) => encodeBody(row, writer));
    this.#nextId++;
    this.#insert(slot, row);
    return row;
  }

  match(slot: number, row: TimedRow): void {
    if (row.matched) return;
    row.matched = true;
    if (row.id < this.#firstAdded) this.#matched.push({ slot, row });
  }

  /** Visits the rows of a key with from <= time <= to, by time, then arrival. */
  forRange(slot: number, from: number, to: number, visit: (row: TimedRow) => void): void {
    const list = this.#lists.get(slot);
    if (list === undefined) return;
    const { rows } = list;
    let low = list.head;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].time < from) low = middle + 1;
      else high = middle;
    }
    for (; low < rows.length && rows[low].time <= to; low++) visit(rows[low]);
  }

  /** The earliest time of a row, where the horizon is 0; Infinity without any. */
  get earliest(): number {
    return this.#deadlines.next;
  }

  /** Takes the rows that the watermark has passed, by ascending time. */
  expire(watermark: number, visit?: (slot: number, row: TimedRow) => void): void {
    while (this.#deadlines.next < watermark) {
      const slot = this.#deadlines.pop();
      const list = this.#lists.get(slot);
      if (list === undefined) continue;
      const row = list.rows[list.head++];
      row.gone = true;
      this.#size--;
      visit?.(slot, row);
      if (list.head === list.rows.length) {
        this.#lists.delete(slot);
        this.#slots.delete(slot);
      } else if (list.head > 32 && list.head * 2 > list.rows.length) {
        list.rows = list.rows.slice(list.head);
        list.head = 0;
      }
    }
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    const blocks = new Map<number, ByteWriter>();
    for (const { slot, row } of this.#matched) {
      if (row.gone) continue;
      const group = this.#keys.group(slot);
      let writer = blocks.get(group);
      if (writer === undefined) blocks.set(group, (writer = new ByteWriter()));
      writeKey(this.#keys, slot, writer);
      writer.u8(MATCHED);
      writer.varint(row.id);
    }
    this.#matched = [];
    this.#added.take(
      (row, writer) => {
        if (row.gone) return false;
        encodeHead(row, writer);
        return true;
      },
      (group, bytes) => {
        const before = blocks.get(group);
        if (before === undefined) return emit(group, bytes);
        before.append(bytes);
      },
    );
    for (const [group, writer] of blocks) emit(group, writer.take());
    this.#firstAdded = this.#nextId;
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const slot of this.#slots.of(group)) {
      const list = this.#lists.get(slot);
      if (list === undefined) continue;
      for (let i = list.head; i < list.rows.length; i++) {
        writeKey(this.#keys, slot, writer);
        encodeHead(list.rows[i], writer);
        encodeBody(list.rows[i], writer);
      }
    }
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const slot = readKey(this.#keys, reader);
      const what = reader.u8();
      const id = reader.varint();
      if (what === MATCHED) {
        const row = this.#lists.get(slot)?.rows.find((one) => one.id === id);
        if (row !== undefined) row.matched = true;
        continue;
      }
      const time = reader.f64();
      const stamp = reader.f64();
      this.#insert(slot, { id, time, stamp, value: decodeValue(reader), matched: what === ADDED_MATCHED, gone: false });
      if (id >= this.#nextId) this.#nextId = id + 1;
    }
    this.#firstAdded = this.#nextId;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#size * 160 + this.#deadlines.memoryBytes;
  }

  #insert(slot: number, row: TimedRow): void {
    let list = this.#lists.get(slot);
    if (list === undefined) {
      this.#lists.set(slot, (list = { rows: [], head: 0 }));
      this.#slots.add(slot);
    }
    const { rows, head } = list;
    let at = rows.length;
    while (at > head && rows[at - 1].time > row.time) at--;
    if (at === rows.length) rows.push(row);
    else rows.splice(at, 0, row);
    this.#size++;
    this.#deadlines.push(row.time + this.#horizon, slot);
  }
}

function encodeHead(row: TimedRow, writer: ByteWriter): void {
  writer.u8(row.matched ? ADDED_MATCHED : ADDED);
  writer.varint(row.id);
}

function encodeBody(row: TimedRow, writer: ByteWriter): void {
  writer.f64(row.time);
  writer.f64(row.stamp);
  encodeValue(row.value, writer);
}
