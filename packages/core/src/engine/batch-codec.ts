import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { ColumnKeys, columnKeys } from "../codec/column-keys.ts";
import { decodeColumn, encodeColumn } from "../codec/column-codec.ts";
import { createRowLayout, ObjectRows, StructRows, type ColumnKind, type RowLayout } from "../codec/formats/struct-rows.ts";
import { IntMap } from "../codec/int-map.ts";
import { decodeValues, encodeValues } from "../codec/values.ts";
import type { Batch, Rows } from "../contracts/batch.ts";
import { rowAt } from "../operators/batches.ts";
import type { KeySpace } from "../operators/state/key-space.ts";

const HAS_KINDS = 1;
const HAS_KEYS = 2;
const COLUMNS = 4;
/** The keys are a column of the rows. */
const COLUMN_KEYS = 8;

const KINDS: readonly ColumnKind[] = ["number", "boolean", "string", "value", "bytes"];

/** Writes the selected rows of a batch: how atoms lie in links and topics. */
export function encodeBatch(batch: Batch, writer: ByteWriter): void {
  const { count, rows } = batch;
  const columns = rows instanceof StructRows;
  const keyField = columns ? keyFieldOf(batch) : undefined;
  const keys = batch.keys === undefined ? 0 : keyField === undefined ? HAS_KEYS : COLUMN_KEYS;
  writer.varint(count);
  writer.u8((batch.kinds === undefined ? 0 : HAS_KINDS) | keys | (columns ? COLUMNS : 0));
  encodeRuns(batch, batch.times, writer);
  encodeRuns(batch, batch.stamps, writer);
  if (batch.kinds !== undefined) for (let i = 0; i < count; i++) writer.u8(batch.kinds[rowAt(batch, i)]);
  if (keyField !== undefined) writer.string(keyField);
  else if (batch.keys !== undefined) encodeKeys(batch, writer);
  if (rows instanceof StructRows) {
    writer.varint(rows.columns.length);
    rows.names.forEach((name, i) => {
      writer.string(name);
      writer.u8(KINDS.indexOf(rows.columns[i].type));
    });
    for (const column of rows.columns) encodeColumn(column, batch.selection, count, writer);
  } else {
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(rows.get(rowAt(batch, i)));
    encodeValues(values, writer);
  }
}

/**
 * Reads batches, giving keys their slots in a key space; where nothing is kept under slots (`inPlace`),
 * keys that are a column stay there. Layouts of rows are remembered between batches.
 */
export class BatchDecoder {
  readonly #keys: KeySpace | undefined;
  readonly #inPlace: boolean;
  readonly #layouts = new Map<string, RowLayout>();

  constructor(keys: KeySpace | undefined, inPlace = false) {
    this.#keys = keys;
    this.#inPlace = inPlace;
  }

  decode(reader: ByteReader): Batch {
    const count = reader.varint();
    const flags = reader.u8();
    const times = decodeRuns(reader, count);
    const stamps = decodeRuns(reader, count);
    const kinds = (flags & HAS_KINDS) === 0 ? undefined : reader.bytes(count).slice();
    const slots = (flags & HAS_KEYS) === 0 ? undefined : this.#decodeKeys(reader, count);
    const keyField = (flags & COLUMN_KEYS) === 0 ? undefined : reader.string();
    const rows = (flags & COLUMNS) === 0 ? new ObjectRows(decodeValues(reader, count)) : this.#decodeColumns(reader, count);
    const keys = slots === undefined || this.#keys === undefined ? undefined : { table: this.#keys.table, slots };
    const batch: Batch = { count, selection: undefined, rows, times, stamps, kinds, keys };
    return keyField === undefined ? batch : this.#keyed(batch, keyField, reader);
  }

  #keyed(batch: Batch, field: string, reader: ByteReader): Batch {
    if (this.#keys === undefined) return batch;
    const inPlace = columnKeys(field, batch) ?? reader.fail(`its rows have no keys in ${field}`);
    const column = batch.rows.column(field);
    if (this.#inPlace || (column?.type !== "number" && column?.type !== "string")) return inPlace;
    const slots = new Int32Array(batch.count);
    this.#keys.table.internColumn(column, undefined, batch.count, slots);
    return { ...batch, keys: { table: this.#keys.table, slots } };
  }

  #decodeKeys(reader: ByteReader, count: number): Int32Array {
    const distinct = reader.count();
    const dictionary = new Int32Array(distinct);
    for (let i = 0; i < distinct; i++) {
      const bytes = reader.bytes(reader.varint());
      dictionary[i] = this.#keys === undefined ? -1 : this.#keys.table.internBytes(bytes, 0, bytes.length);
    }
    if (distinct === count) return dictionary;
    const slots = new Int32Array(count);
    for (let i = 0; i < count; i++) slots[i] = dictionary[reader.varint()];
    return slots;
  }

  #decodeColumns(reader: ByteReader, count: number): Rows {
    const columns: { name: string; kind: ColumnKind }[] = [];
    for (let n = reader.count(); n > 0; n--) columns.push({ name: reader.string(), kind: KINDS[reader.u8()] });
    const shape = columns.map(({ name, kind }) => `${name}:${kind}`).join(",");
    let layout = this.#layouts.get(shape);
    if (layout === undefined) this.#layouts.set(shape, (layout = createRowLayout(columns)));
    return new StructRows(layout, columns.map(() => decodeColumn(reader, count)), count);
  }
}

/** The field in which the keys of rows lie, where they do. */
function keyFieldOf({ keys, rows }: Batch): string | undefined {
  return keys?.table instanceof ColumnKeys && rows.column(keys.table.field) === keys.table.column ? keys.table.field : undefined;
}

/** Each distinct key once, then (unless every row has its own) each row's place in that list. */
function encodeKeys(batch: Batch, writer: ByteWriter): void {
  if (batch.keys === undefined) return;
  const { table, slots } = batch.keys;
  const { count } = batch;
  const places = new IntMap(Math.min(count, 1024));
  const distinct: number[] = [];
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const slot = slots[rowAt(batch, i)];
    let place = places.get(slot);
    if (place < 0) {
      place = distinct.length;
      distinct.push(slot);
      places.set(slot, place);
    }
    rows[i] = place;
  }
  writer.varint(distinct.length);
  for (const slot of distinct) {
    const start = table.start(slot);
    const end = table.end(slot);
    writer.varint(end - start);
    writer.append(table.bytes, start, end);
  }
  if (distinct.length < count) for (let i = 0; i < count; i++) writer.varint(rows[i]);
}

/** Numbers that repeat, as runs where that is shorter. */
function encodeRuns(batch: Batch, values: Float64Array, writer: ByteWriter): void {
  const { count } = batch;
  let runs = 0;
  for (let i = 0; i < count; i++) if (i === 0 || values[rowAt(batch, i)] !== values[rowAt(batch, i - 1)]) runs++;
  if (runs * 10 >= count * 8) {
    writer.varint(0);
    if (batch.selection === undefined) writer.f64Array(values, 0, count);
    else for (let i = 0; i < count; i++) writer.f64(values[batch.selection[i]]);
    return;
  }
  writer.varint(runs);
  for (let i = 0; i < count; ) {
    const value = values[rowAt(batch, i)];
    let end = i + 1;
    while (end < count && values[rowAt(batch, end)] === value) end++;
    writer.varint(end - i);
    writer.f64(value);
    i = end;
  }
}

function decodeRuns(reader: ByteReader, count: number): Float64Array {
  const runs = reader.varint();
  if (runs === 0) return reader.f64Array(count);
  const values = new Float64Array(count);
  for (let run = 0, at = 0; run < runs; run++) {
    const end = at + reader.varint();
    if (end > count) reader.fail("a run is longer than its batch");
    values.fill(reader.f64(), at, end);
    at = end;
  }
  return values;
}
