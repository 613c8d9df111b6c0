import type { StringColumn } from "../contracts/columns.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { dictionaryColumn, utf8Column } from "./columns.ts";
import { murmur2 } from "./murmur2.ts";
import type { StringPool } from "./string-pool.ts";
import { decodeUtf8Checked } from "./utf8.ts";

/** Appends the selected rows' strings: lengths and bytes, or a dictionary and codes where that is smaller. */
export function encodeStrings(column: StringColumn, selection: Int32Array | undefined, count: number, writer: ByteWriter): void {
  const rows = new Int32Array(count);
  let total = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    rows[i] = column.valid !== undefined && column.valid[row] === 0 ? -1 : row;
    const length = rows[i] < 0 ? 0 : column.ends[row] - column.starts[row];
    total += length;
    if (length > longest) longest = length;
  }
  const codes = new Uint16Array(count);
  const entries = count < MIN_DICTIONARY_ROWS ? undefined : findEntries(column, rows, codes);
  if (entries !== undefined) {
    let entryBytes = 0;
    for (let e = 0; e < entries.length; e++) entryBytes += lengthOf(column, entries[e]);
    const codeWidth = entries.length <= 0x100 ? 1 : 2;
    if (entryBytes + entries.length * widthOf(longest) + count * codeWidth < total + count * widthOf(longest)) {
      writer.u8(DICTIONARY);
      writer.varint(entries.length);
      writeSlices(column, entries, longest, writer);
      for (let i = 0; i < count; i++) {
        if (codeWidth === 1) writer.u8(codes[i]);
        else writer.u16(codes[i]);
      }
      return;
    }
  }
  writer.u8(PLAIN);
  writeSlices(column, rows, longest, writer);
}

/** Reads what `encodeStrings` wrote. Throws MILLRACE_STORE_CORRUPT for anything else. */
export function decodeStrings(reader: ByteReader, count: number, valid: Uint8Array | undefined, pool: StringPool | undefined): StringColumn {
  const form = reader.u8();
  if (form === PLAIN) {
    const offsets = readOffsets(reader, count);
    const bytes = readText(reader, offsets);
    return utf8Column(bytes, offsets.subarray(0, count), offsets.subarray(1), valid, pool);
  }
  if (form !== DICTIONARY) reader.fail(`${form} is no form of strings`);
  const entries = reader.count();
  if (entries > 0x10000 || entries > count) reader.fail(`a dictionary of ${entries} strings for ${count} rows`);
  const offsets = readOffsets(reader, entries);
  const bytes = readText(reader, offsets);
  if (count * (entries <= 0x100 ? 1 : 2) > reader.remaining) reader.fail(`${count} codes are wanted`);
  const codes = entries <= 0x100 ? new Uint8Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    codes[i] = entries <= 0x100 ? reader.u8() : reader.u16();
    if (codes[i] >= entries) reader.fail(`code ${codes[i]} of a dictionary of ${entries}`);
  }
  return dictionaryColumn(bytes, offsets, codes, valid);
}

const PLAIN = 0;
const DICTIONARY = 1;
const MIN_DICTIONARY_ROWS = 16;
const MAX_TEXT = 0x7fffffff;
const EMPTY = new Uint8Array(0);

/** The first row of each distinct string, and each row's number among them; undefined where too few repeat. */
function findEntries(column: StringColumn, rows: Int32Array, codes: Uint16Array): Int32Array | undefined {
  const count = rows.length;
  const limit = Math.min(0x10000, (count >>> 1) + 1);
  const entries = new Int32Array(limit);
  const hashes = new Int32Array(limit);
  const table = new Int32Array(2 << (32 - Math.clz32(limit)));
  const mask = table.length - 1;
  let size = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    const hash = row < 0 ? 0 : murmur2(column.bytes, column.starts[row], column.ends[row]);
    let at = hash & mask;
    for (; table[at] !== 0; at = (at + 1) & mask) {
      const entry = table[at] - 1;
      if (hashes[entry] === hash && sameText(column, entries[entry], row)) break;
    }
    if (table[at] === 0) {
      if (size === limit) return undefined;
      table[at] = size + 1;
      hashes[size] = hash;
      entries[size++] = row;
    }
    codes[i] = table[at] - 1;
  }
  return entries.subarray(0, size);
}

function sameText(column: StringColumn, a: number, b: number): boolean {
  const length = lengthOf(column, a);
  if (length !== lengthOf(column, b)) return false;
  if (length === 0) return true;
  const { bytes } = column;
  const x = column.starts[a];
  const y = column.starts[b];
  for (let i = 0; i < length; i++) if (bytes[x + i] !== bytes[y + i]) return false;
  return true;
}

function lengthOf(column: StringColumn, row: number): number {
  return row < 0 ? 0 : column.ends[row] - column.starts[row];
}

function widthOf(longest: number): number {
  return longest < 0x100 ? 1 : longest < 0x10000 ? 2 : 4;
}

/** Width, lengths, then the bytes of the rows' strings one after another; row -1 is an empty one. */
function writeSlices(column: StringColumn, rows: Int32Array, longest: number, writer: ByteWriter): void {
  const width = widthOf(longest);
  writer.u8(width);
  for (let i = 0; i < rows.length; i++) {
    const length = lengthOf(column, rows[i]);
    if (width === 1) writer.u8(length);
    else if (width === 2) writer.u16(length);
    else writer.u32(length);
  }
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row >= 0) writer.append(column.bytes, column.starts[row], column.ends[row]);
  }
}

function readOffsets(reader: ByteReader, count: number): Int32Array {
  const width = reader.u8();
  if (width !== 1 && width !== 2 && width !== 4) reader.fail(`${width} is no width of a length`);
  if (width * count > reader.remaining) reader.fail(`${count} lengths are wanted`);
  const offsets = new Int32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += width === 1 ? reader.u8() : width === 2 ? reader.u16() : reader.u32();
    if (at > MAX_TEXT) reader.fail("strings are longer than 2 GiB");
    offsets[i + 1] = at;
  }
  return offsets;
}

/** The bytes that offsets speak of, checked: well formed as a whole, and no offset inside a character. */
function readText(reader: ByteReader, offsets: Int32Array): Uint8Array {
  const total = offsets[offsets.length - 1];
  if (total === 0) return EMPTY;
  const bytes = reader.bytes(total);
  const text = decodeUtf8Checked(bytes, 0, total) ?? reader.fail("text is not well-formed UTF-8");
  if (text.length !== total) {
    for (let i = 0; i < offsets.length; i++) if ((bytes[offsets[i]] & 0xc0) === 0x80) reader.fail("a string starts inside a character");
  }
  return bytes;
}
