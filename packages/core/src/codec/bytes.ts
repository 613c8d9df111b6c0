import { MillraceError } from "../errors.ts";
import { decodeUtf8Checked, encodeUtf8Into } from "./utf8.ts";

/**
 * Appends binary values to a growing array; numbers are little endian. One writer is meant to be
 * reused: `reset` or `take` after each message.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(Math.max(16, capacity));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far; also the offset at which the next value will lie. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    if (this.#length + 1 > this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    if (this.#length + 2 > this.#bytes.length) this.#grow(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  u32(value: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#grow(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  i32(value: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#grow(4);
    this.#view.setInt32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** An unsigned integer below 2^53 in one to eight bytes (LEB128). Throws MILLRACE_USAGE on any other number. */
  varint(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    if (value >>> 0 === value) {
      const bytes = this.#bytes;
      let at = this.#length;
      while (value > 0x7f) {
        bytes[at++] = (value & 0x7f) | 0x80;
        value >>>= 7;
      }
      bytes[at++] = value;
      this.#length = at;
    } else {
      this.#longVarint(value);
    }
  }

  /** The bytes themselves, without a length. */
  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const count = end - start;
    if (this.#length + count > this.#bytes.length) this.#grow(count);
    const at = this.#length;
    if (count <= 24) {
      const target = this.#bytes;
      for (let i = 0; i < count; i++) target[at + i] = bytes[start + i]!;
    } else {
      this.#bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    }
    this.#length = at + count;
  }

  /** The text as UTF-8 after its length in bytes (varint). A lone surrogate is written as U+FFFD. */
  string(text: string): void {
    const units = text.length;
    const room = units * 3 + 8;
    if (this.#length + room > this.#bytes.length) this.#grow(room);
    const at = this.#length;
    const guess = varintSize(units);
    const end = encodeUtf8Into(text, this.#bytes, at + guess);
    const count = end - at - guess;
    const size = varintSize(count);
    if (size !== guess) this.#bytes.copyWithin(at + size, at + guess, end);
    this.varint(count);
    this.#length = at + size + count;
  }

  /**
   * ASCII text of at most 255 - `tag` characters after one byte of `tag` + length. Returns false,
   * and writes nothing, if a character is not ASCII.
   */
  shortAscii(text: string, tag: number): boolean {
    const length = text.length;
    if (this.#length + length + 1 > this.#bytes.length) this.#grow(length + 1);
    const bytes = this.#bytes;
    const at = this.#length + 1;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    bytes[at - 1] = tag + length;
    this.#length = at + length;
    return true;
  }

  /** The text as UTF-8, without a length. A lone surrogate is written as U+FFFD. */
  utf8(text: string): void {
    const room = text.length * 3;
    if (this.#length + room > this.#bytes.length) this.#grow(room);
    this.#length = encodeUtf8Into(text, this.#bytes, this.#length);
  }

  f64Array(values: Float64Array, start = 0, end = values.length): void {
    this.append(new Uint8Array(values.buffer, values.byteOffset + start * 8, (end - start) * 8));
  }

  i32Array(values: Int32Array, start = 0, end = values.length): void {
    this.append(new Uint8Array(values.buffer, values.byteOffset + start * 4, (end - start) * 4));
  }

  /** Overwrites four bytes at an offset that was written before: for lengths known only afterwards. */
  patchU32(at: number, value: number): void {
    if (at < 0 || at + 4 > this.#length) {
      throw new MillraceError("MILLRACE_USAGE", "codec writer", `cannot patch 4 bytes at ${at} of ${this.#length} written; reserve them with u32(0) first`);
    }
    this.#view.setUint32(at, value, true);
  }

  /** What was written, not copied: good until the next write or reset. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return copy;
  }

  /** Forgets what was written from offset `length` on; default everything. The memory is kept. */
  reset(length = 0): void {
    if (length < this.#length) this.#length = length;
  }

  #longVarint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new MillraceError("MILLRACE_USAGE", "codec writer", `${value} is no varint; it takes integers from 0 to 2^53 - 1`);
    }
    while (value > 0x7f) {
      this.#bytes[this.#length++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  #grow(extra: number): void {
    const needed = this.#length + extra;
    const capacity = this.#bytes.length;
    const grown = new Uint8Array(Math.max(needed, capacity < LARGE ? capacity * 2 : Math.ceil(capacity * 1.5)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Reads what a ByteWriter wrote. Reading past the end, or text that is not UTF-8, throws
 * MILLRACE_STORE_CORRUPT; nothing is allocated for a length that the bytes cannot hold.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #end: number;
  #position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
    if (start < 0 || end > bytes.length || start > end) this.#noRange(start, end);
  }

  /** Reads `[start, end)` of the same bytes next. */
  moveTo(start: number, end: number): void {
    this.#position = start;
    this.#end = end;
    if (start < 0 || end > this.#bytes.length || start > end) this.#noRange(start, end);
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  u8(): number {
    if (this.#position >= this.#end) this.#short(1);
    return this.#bytes[this.#position++];
  }

  u16(): number {
    const at = this.#take(2);
    return this.#view.getUint16(at, true);
  }

  u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  i32(): number {
    const at = this.#take(4);
    return this.#view.getInt32(at, true);
  }

  f64(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, true);
  }

  varint(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let i = 1; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    return this.fail("a varint is longer than 2^53");
  }

  /** A count of things that take at least `bytesEach` bytes each, checked against what is left. */
  count(bytesEach = 1): number {
    const count = this.varint();
    if (count * bytesEach > this.remaining) this.#short(count * bytesEach);
    return count;
  }

  /** The next `length` bytes, not copied. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  string(): string {
    return this.utf8(this.varint());
  }

  /** The next `length` bytes as text. */
  utf8(length: number): string {
    const at = this.#take(length);
    return decodeUtf8Checked(this.#bytes, at, at + length) ?? this.fail("text is not well-formed UTF-8");
  }

  /** `count` numbers, copied. */
  f64Array(count: number): Float64Array {
    const at = this.#take(count * 8);
    const values = new Float64Array(count);
    new Uint8Array(values.buffer).set(this.#bytes.subarray(at, at + count * 8));
    return values;
  }

  /** `count` numbers, copied. */
  i32Array(count: number): Int32Array {
    const at = this.#take(count * 4);
    const values = new Int32Array(count);
    new Uint8Array(values.buffer).set(this.#bytes.subarray(at, at + count * 4));
    return values;
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Throws MILLRACE_STORE_CORRUPT about the place that was reached. */
  fail(what: string): never {
    throw new MillraceError("MILLRACE_STORE_CORRUPT", "codec reader", `${what}, at byte ${this.#position} of ${this.#end}; restore it from a copy`);
  }

  #take(length: number): number {
    const at = this.#position;
    if (!(length >= 0 && at + length <= this.#end)) this.#short(length);
    this.#position = at + length;
    return at;
  }

  #noRange(start: number, end: number): never {
    throw new MillraceError("MILLRACE_USAGE", "codec reader", `[${start}, ${end}) is no range of ${this.#bytes.length} bytes`);
  }

  #short(length: number): never {
    this.fail(`${length} bytes are wanted and ${this.remaining} are left`);
  }
}

const LARGE = 64 * 1024 * 1024;

function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
