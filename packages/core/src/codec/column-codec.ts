import type { BooleanColumn, BytesColumn, Column, NumberColumn } from "../contracts/columns.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { bytesColumn, valueColumn } from "./columns.ts";
import { decodeStrings, encodeStrings } from "./string-codec.ts";
import type { StringPool } from "./string-pool.ts";
import { decodeValues, encodeValues } from "./values.ts";

/**
 * Appends the first `count` selected rows of a column, as compactly as is cheap: numbers as offsets
 * of 0, 1, 2 or 4 bytes from their least where all are integers, booleans and validity as bits,
 * strings by a dictionary where they repeat, bytes behind their lengths. The count is not written: the reader needs it.
 */
export function encodeColumn(column: Column, selection: Int32Array | undefined, count: number, writer: ByteWriter): void {
  switch (column.type) {
    case "number":
      writer.u8(NUMBERS);
      writeBits(column.valid, true, selection, count, writer);
      return encodeNumbers(column, selection, count, writer);
    case "boolean":
      writer.u8(BOOLEANS);
      writeBits(column.valid, true, selection, count, writer);
      return writeBits(column.values, false, selection, count, writer);
    case "string":
      writer.u8(STRINGS);
      writeBits(column.valid, true, selection, count, writer);
      return encodeStrings(column, selection, count, writer);
    case "value":
      writer.u8(VALUES);
      return encodeValues(selected(column.values, selection, count), writer);
    case "bytes":
      writer.u8(BYTES);
      return encodeBytes(column, selection, count, writer);
  }
}

/**
 * The column of `count` rows that `encodeColumn` wrote, dense. Strings and bytes point into the reader's
 * bytes, which must not change while the column is in use. Throws MILLRACE_STORE_CORRUPT for
 * anything else than what was written.
 */
export function decodeColumn(reader: ByteReader, count: number, pool?: StringPool): Column {
  if (count > MAX_ROWS) reader.fail(`${count} rows are wanted of one column`);
  const kind = reader.u8();
  if (kind === VALUES) return valueColumn(decodeValues(reader, count));
  if (kind === BYTES) return decodeBytes(reader, count);
  const valid = readBits(reader, count);
  switch (kind) {
    case NUMBERS:
      return { type: "number", values: decodeNumbers(reader, count), valid };
    case BOOLEANS:
      return { type: "boolean", values: readBits(reader, count) ?? new Uint8Array(count), valid } satisfies BooleanColumn;
    case STRINGS:
      return decodeStrings(reader, count, valid, pool);
    default:
      return reader.fail(`${kind} is no kind of column`);
  }
}

const NUMBERS = 0;
const BOOLEANS = 1;
const STRINGS = 2;
const VALUES = 3;
const BYTES = 4;

/** Width of raw float64 values; smaller widths are offsets from a base. */
const RAW = 8;
const MAX_ROWS = 1 << 24;

function encodeNumbers(column: NumberColumn, selection: Int32Array | undefined, count: number, writer: ByteWriter): void {
  const { values, valid } = column;
  let least = Infinity;
  let greatest = -Infinity;
  let integers = true;
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    if (valid !== undefined && valid[row] === 0) continue;
    const value = values[row];
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    if (Math.floor(value) !== value || (value === 0 && 1 / value < 0)) {
      integers = false;
      break;
    }
  }
  if (!(least <= greatest)) least = greatest = 0;
  const range = greatest - least;
  const compact = integers && Math.abs(least) <= Number.MAX_SAFE_INTEGER && Math.abs(greatest) <= Number.MAX_SAFE_INTEGER && range < 2 ** 32;
  const width = !compact ? RAW : range === 0 ? 0 : range < 0x100 ? 1 : range < 0x10000 ? 2 : 4;
  writer.u8(width);
  if (width === RAW) {
    if (selection === undefined) return writer.f64Array(values, 0, count);
    for (let i = 0; i < count; i++) writer.f64(values[selection[i]]);
    return;
  }
  writer.f64(least);
  if (width === 0) return;
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    const offset = valid !== undefined && valid[row] === 0 ? 0 : values[row] - least;
    if (width === 1) writer.u8(offset);
    else if (width === 2) writer.u16(offset);
    else writer.u32(offset);
  }
}

function decodeNumbers(reader: ByteReader, count: number): Float64Array {
  const width = reader.u8();
  if (width === RAW) return reader.f64Array(count);
  if (width !== 0 && width !== 1 && width !== 2 && width !== 4) reader.fail(`${width} is no width of a number`);
  const base = reader.f64();
  if (width * count > reader.remaining) reader.fail(`${count} numbers are wanted`);
  const values = new Float64Array(count);
  if (width === 0) return values.fill(base);
  for (let i = 0; i < count; i++) values[i] = base + (width === 1 ? reader.u8() : width === 2 ? reader.u16() : reader.u32());
  return values;
}

function encodeBytes({ bytes, starts, ends }: BytesColumn, selection: Int32Array | undefined, count: number, writer: ByteWriter): void {
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    writer.varint(ends[row] - starts[row]);
  }
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    writer.append(bytes, starts[row], ends[row]);
  }
}

function decodeBytes(reader: ByteReader, count: number): BytesColumn {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    starts[i] = total;
    total += reader.varint();
    if (total > reader.remaining) reader.fail(`${total} bytes of a column are wanted`);
    ends[i] = total;
  }
  return bytesColumn(reader.bytes(total), starts, ends);
}

/** A flag, and bits where they are not all `usual` (which is then what an absent array means). */
function writeBits(values: Uint8Array | undefined, usual: boolean, selection: Int32Array | undefined, count: number, writer: ByteWriter): void {
  let mixed = false;
  if (values !== undefined) {
    for (let i = 0; i < count && !mixed; i++) mixed = (values[selection === undefined ? i : selection[i]] !== 0) !== usual;
  }
  writer.u8(mixed ? 1 : 0);
  if (!mixed || values === undefined) return;
  for (let i = 0; i < count; i += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8 && i + bit < count; bit++) {
      if (values[selection === undefined ? i + bit : selection[i + bit]] !== 0) byte |= 1 << bit;
    }
    writer.u8(byte);
  }
}

function readBits(reader: ByteReader, count: number): Uint8Array | undefined {
  const flag = reader.u8();
  if (flag === 0) return undefined;
  if (flag !== 1) reader.fail(`${flag} does not say whether bits follow`);
  const bytes = reader.bytes((count + 7) >>> 3);
  const values = new Uint8Array(count);
  for (let i = 0; i < count; i++) values[i] = (bytes[i >>> 3] >>> (i & 7)) & 1;
  return values;
}

function selected(values: readonly unknown[], selection: Int32Array | undefined, count: number): readonly unknown[] {
  if (selection === undefined) return count === values.length ? values : values.slice(0, count);
  const chosen = new Array<unknown>(count);
  for (let i = 0; i < count; i++) chosen[i] = values[selection[i]];
  return chosen;
}
