import type { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { CellForm } from "./keyed-table.ts";

/** A value and the event time from which it is gone (Infinity: never). */
export interface ValueCell {
  value: unknown;
  expires: number;
}

/** Items in the order they were added; those from `settled` on are not committed yet. */
export interface ListCell {
  items: ValueCell[];
  settled: number;
  replaced: boolean;
}

/**
 * Entries by name. `changed` are the names whose entries are not committed yet, and whether an entry
 * was made anew and so is the last one: loading gives the same order.
 */
export interface MapCell {
  readonly entries: Map<unknown, ValueCell>;
  readonly changed: Map<unknown, boolean>;
  replaced: boolean;
}

/** One value a key; without a value there is no cell. */
export const VALUE_CELLS: CellForm<ValueCell> = {
  format: "value-1",
  make: () => ({ value: undefined, expires: Infinity }),
  encode: encodeItem,
  decode: decodeItem,
  expire(cell, at) {
    if (cell.expires > at) return cell.expires;
    cell.expires = GONE;
    return Infinity;
  },
  isEmpty: (cell) => cell.expires === GONE,
  mapValues: mapItem,
};

/** Lists are committed append-wise: what was added since the last commit, or all of it after a replacement. */
export const LIST_CELLS: CellForm<ListCell> = {
  format: "list-1",
  make: () => ({ items: [], settled: 0, replaced: false }),
  encode: (cell, writer) => encodeItems(cell.items, 0, writer),
  decode: (reader) => {
    const items = decodeItems(reader);
    return { items, settled: items.length, replaced: false };
  },
  encodeChanges: (cell, writer) => encodeItems(cell.items, cell.settled, writer),
  decodeChanges(cell, reader) {
    for (const item of decodeItems(reader)) cell.items.push(item);
    cell.settled = cell.items.length;
  },
  isReplaced: (cell) => cell.replaced,
  settle(cell) {
    cell.settled = cell.items.length;
    cell.replaced = false;
  },
  expire(cell, at) {
    let next = Infinity;
    let kept = 0;
    let settled = 0;
    const { items } = cell;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item.expires <= at) continue;
      if (item.expires < next) next = item.expires;
      if (i < cell.settled) settled++;
      items[kept++] = item;
    }
    items.length = kept;
    cell.settled = settled;
    return next;
  },
  isEmpty: (cell) => cell.items.length === 0,
  mapValues: (cell, map) => cell.items.forEach((item) => mapItem(item, map)),
};

/** Maps are committed entry by entry. */
export const MAP_CELLS: CellForm<MapCell> = {
  format: "map-1",
  make: () => ({ entries: new Map(), changed: new Map(), replaced: false }),
  encode(cell, writer) {
    writer.varint(cell.entries.size);
    for (const [name, entry] of cell.entries) encodeEntry(name, entry, true, writer);
  },
  decode(reader) {
    const cell: MapCell = { entries: new Map(), changed: new Map(), replaced: false };
    decodeEntries(cell, reader);
    return cell;
  },
  encodeChanges(cell, writer) {
    writer.varint(cell.changed.size);
    for (const [name, fresh] of cell.changed) encodeEntry(name, cell.entries.get(name), fresh, writer);
  },
  decodeChanges: decodeEntries,
  isReplaced: (cell) => cell.replaced,
  settle(cell) {
    cell.changed.clear();
    cell.replaced = false;
  },
  expire(cell, at) {
    let next = Infinity;
    for (const [name, entry] of cell.entries) {
      // An unsaved entry that goes is still told: a block may hold an older one of its name.
      if (entry.expires <= at) cell.entries.delete(name);
      else if (entry.expires < next) next = entry.expires;
    }
    return next;
  },
  isEmpty: (cell) => cell.entries.size === 0,
  mapValues: (cell, map) => cell.entries.forEach((entry) => mapItem(entry, map)),
};

const GONE = Number.NEGATIVE_INFINITY;

function mapItem(item: ValueCell, map: (value: unknown) => unknown): void {
  item.value = map(item.value);
}

function encodeItem(item: ValueCell, writer: ByteWriter): void {
  writer.u8(item.expires === Infinity ? 0 : 1);
  if (item.expires !== Infinity) writer.f64(item.expires);
  encodeValue(item.value, writer);
}

function decodeItem(reader: ByteReader): ValueCell {
  const expires = reader.u8() === 0 ? Infinity : reader.f64();
  return { value: decodeValue(reader), expires };
}

function encodeItems(items: readonly ValueCell[], from: number, writer: ByteWriter): void {
  writer.varint(items.length - from);
  for (let i = from; i < items.length; i++) encodeItem(items[i], writer);
}

function decodeItems(reader: ByteReader): ValueCell[] {
  return Array.from({ length: reader.count() }, () => decodeItem(reader));
}

const ABSENT = 0;
const UPDATED = 1;
const FRESH = 2;

function encodeEntry(name: unknown, entry: ValueCell | undefined, fresh: boolean, writer: ByteWriter): void {
  encodeValue(name, writer);
  writer.u8(entry === undefined ? ABSENT : fresh ? FRESH : UPDATED);
  if (entry !== undefined) encodeItem(entry, writer);
}

function decodeEntries(cell: MapCell, reader: ByteReader): void {
  for (let n = reader.count(); n > 0; n--) {
    const name = decodeValue(reader);
    const tag = reader.u8();
    if (tag !== UPDATED) cell.entries.delete(name);
    if (tag !== ABSENT) cell.entries.set(name, decodeItem(reader));
  }
}
