import type { BooleanColumn, BytesColumn, NumberColumn, StringColumn, ValueColumn } from "../contracts/columns.ts";
import { MillraceError } from "../errors.ts";
import { ByteWriter } from "./bytes.ts";
import type { StringPool } from "./string-pool.ts";
import { decodeUtf8 } from "./utf8.ts";

/** A number column; undefined and null become rows without a value. A Float64Array is taken, not copied. */
export function numberColumn(values: Float64Array | readonly (number | null | undefined)[], valid?: Uint8Array): NumberColumn {
  if (values instanceof Float64Array) return { type: "number", values, valid };
  const numbers = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) numbers[row] = values[row] ?? 0;
  return { type: "number", values: numbers, valid: valid ?? validity(values) };
}

/** A boolean column; undefined and null become rows without a value. A Uint8Array of 0 and 1 is taken, not copied. */
export function booleanColumn(values: Uint8Array | readonly (boolean | null | undefined)[], valid?: Uint8Array): BooleanColumn {
  if (values instanceof Uint8Array) return { type: "boolean", values, valid };
  const bits = new Uint8Array(values.length);
  for (let row = 0; row < values.length; row++) bits[row] = values[row] === true ? 1 : 0;
  return { type: "boolean", values: bits, valid: valid ?? validity(values) };
}

/**
 * A string column of JS strings, which `get` gives back; undefined and null become rows without a
 * value. Throws MILLRACE_SCHEMA for a string with a lone surrogate.
 */
export function stringColumnFrom(strings: readonly (string | null | undefined)[]): StringColumn {
  const writer = new ByteWriter(strings.length * 12);
  const starts = new Int32Array(strings.length);
  const ends = new Int32Array(strings.length);
  for (let row = 0; row < strings.length; row++) {
    const text = strings[row] ?? "";
    starts[row] = writer.length;
    writer.utf8(text);
    ends[row] = writer.length;
    if (ends[row] - starts[row] !== text.length && !text.isWellFormed()) {
      throw new MillraceError("MILLRACE_SCHEMA", `string column row ${row}`, "the string has a lone surrogate; make it well formed first");
    }
  }
  return new GivenStrings(strings, writer.take(), starts, ends, validity(strings));
}

/** A string column over well-formed UTF-8; strings are made when asked for, and shared where there is a pool. */
export function utf8Column(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, valid?: Uint8Array, pool?: StringPool): StringColumn {
  return new Utf8Strings(bytes, starts, ends, valid, pool);
}

/** A string column of few distinct strings: row `i` is entry `codes[i]`, and each entry is decoded once. */
export function dictionaryColumn(bytes: Uint8Array, offsets: Int32Array, codes: Uint8Array | Uint16Array, valid?: Uint8Array): DictionaryStrings {
  return new DictionaryStrings(bytes, offsets, codes, valid);
}

/** A column of byte strings, which are slices of `bytes`; nothing is copied. */
export function bytesColumn(bytes: Uint8Array, starts: Int32Array, ends: Int32Array): BytesColumn {
  return { type: "bytes", bytes, starts, ends };
}

export function valueColumn(values: readonly unknown[]): ValueColumn {
  return { type: "value", values };
}

/** See `dictionaryColumn`. Entry `e` is bytes `offsets[e]` to `offsets[e + 1]`. */
export class DictionaryStrings implements StringColumn {
  readonly type = "string";
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly valid: Uint8Array | undefined;
  readonly offsets: Int32Array;
  readonly codes: Uint8Array | Uint16Array;
  readonly #strings: (string | undefined)[];

  constructor(bytes: Uint8Array, offsets: Int32Array, codes: Uint8Array | Uint16Array, valid: Uint8Array | undefined) {
    this.bytes = bytes;
    this.offsets = offsets;
    this.codes = codes;
    this.valid = valid;
    this.starts = new Int32Array(codes.length);
    this.ends = new Int32Array(codes.length);
    for (let row = 0; row < codes.length; row++) {
      this.starts[row] = offsets[codes[row]]!;
      this.ends[row] = offsets[codes[row] + 1]!;
    }
    this.#strings = new Array<string | undefined>(Math.max(0, offsets.length - 1)).fill(undefined);
  }

  get(row: number): string {
    const code = this.codes[row];
    return (this.#strings[code] ??= decodeUtf8(this.bytes, this.offsets[code], this.offsets[code + 1]));
  }
}

class Utf8Strings implements StringColumn {
  readonly type = "string";
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly valid: Uint8Array | undefined;
  readonly #pool: StringPool | undefined;

  constructor(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, valid: Uint8Array | undefined, pool: StringPool | undefined) {
    this.bytes = bytes;
    this.starts = starts;
    this.ends = ends;
    this.valid = valid;
    this.#pool = pool;
  }

  get(row: number): string {
    const start = this.starts[row];
    const end = this.ends[row];
    return this.#pool === undefined ? decodeUtf8(this.bytes, start, end) : this.#pool.get(this.bytes, start, end);
  }
}

class GivenStrings implements StringColumn {
  readonly type = "string";
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly valid: Uint8Array | undefined;
  readonly #strings: readonly (string | null | undefined)[];

  constructor(strings: readonly (string | null | undefined)[], bytes: Uint8Array, starts: Int32Array, ends: Int32Array, valid: Uint8Array | undefined) {
    this.#strings = strings;
    this.bytes = bytes;
    this.starts = starts;
    this.ends = ends;
    this.valid = valid;
  }

  get(row: number): string {
    return this.#strings[row] ?? "";
  }
}

function validity(values: readonly unknown[]): Uint8Array | undefined {
  let valid: Uint8Array | undefined;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== undefined && values[row] !== null) continue;
    valid ??= new Uint8Array(values.length).fill(1);
    valid[row] = 0;
  }
  return valid;
}
