import type { Field } from "../../contracts/columns.ts";
import type { StringPool } from "../string-pool.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { ColumnSink } from "./column-sink.ts";
import type { Decoder } from "./column-sink.ts";
import { isEpochMillis, readIsoTime } from "./iso-time.ts";
import { MAX_DEPTH, NOT_JSON, PLAIN, skipSpace, skipString, skipValue, unescapeInto } from "./json-scan.ts";
import { fieldReason, jsonFault, jsonReason, MISSING, OUT_OF_RANGE, WRONG_TYPE } from "./malformed.ts";
import { readJsonNumber } from "./numbers.ts";

/**
 * A decoder of NDJSON that reads the declared fields straight from the bytes. It takes exactly the
 * lines that JSON.parse takes to an object, every value checked in full whether it is read or not,
 * except: lines with broken UTF-8, lone surrogates or more than 1,000 levels are malformed. Of
 * duplicate keys the last wins; null is absent, but stays null in an optional `json` field; lines of
 * white space are skipped.
 */
export function createNdjsonDecoder(options: { readonly fields: readonly Field[] }): Decoder {
  return new NdjsonDecoder(options.fields);
}

const LF = 10, CR = 13, SPACE = 32, QUOTE = 34, COMMA = 44, MINUS = 45, COLON = 58, BACKSLASH = 92, OPEN_OBJECT = 123, CLOSE_OBJECT = 125;

const NUMBER = 0, INTEGER = 1, STRING = 2, BOOLEAN = 3, TIMESTAMP = 4, JSON_VALUE = 5;
const TYPES = ["number", "integer", "string", "boolean", "timestamp", "json"] as const;

/** States of a field within a line, beside the causes of `fieldReason`. */
const VALID = 0;

/** Beside the scanner's codes. */
const NOT_OBJECT = -5;
const BAD_FIELD = -6;
const EMPTY_OBJECT = -7;

/** How much of a line's layout is remembered: members, and bytes of each. */
const MEMBERS = 64;
const STRIDE = 64;

class NdjsonDecoder implements Decoder {
  readonly fields: readonly Field[];
  readonly #types: Uint8Array;
  readonly #optional: Uint8Array;
  readonly #names: readonly Uint8Array[];
  readonly #states: Uint8Array;
  readonly #stack = new Uint8Array(MAX_DEPTH).fill(OPEN_OBJECT);
  #key: Uint8Array = new Uint8Array(256);
  #badField = 0;

  // The last line's layout: for each member, the bytes from the end of the value before to the start
  // of its own (brace or comma, key, colon), and whose field it is. Where the next line has the same
  // bytes there, they mean the same, and need no second look.
  readonly #layout = new Uint8Array(MEMBERS * STRIDE);
  readonly #layoutEnds = new Int32Array(MEMBERS);
  readonly #layoutFields = new Int32Array(MEMBERS).fill(-1);

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.#types = Uint8Array.from(fields, (field) => TYPES.indexOf(field.type));
    this.#optional = Uint8Array.from(fields, (field) => (field.optional ? 1 : 0));
    this.#names = fields.map((field) => encodeUtf8(field.name));
    this.#states = new Uint8Array(fields.length);
    for (let member = 0; member < MEMBERS; member++) this.#layoutEnds[member] = member * STRIDE;
  }

  createSink(pool?: StringPool): ColumnSink {
    return new ColumnSink(this.fields, pool);
  }

  decode(chunk: Uint8Array, start: number, end: number, out: ColumnSink): void {
    const bytes = out.open(this.fields, chunk, start, end);
    let i = start;
    while (i < end) {
      const first = skipSpace(bytes, i);
      if (bytes[first] === LF) {
        i = first + 1;
        continue;
      }
      if (out.length === out.capacity) out.grow();
      const next = this.#line(bytes, first, out);
      if (next >= 0) {
        out.offsets[out.length++] = i;
        i = next;
      } else {
        const lineEnd = Math.min(bytes.indexOf(LF, i) + 1, end);
        out.reject(i, lineEnd, this.#reason(bytes, i, lineEnd, next));
        i = lineEnd;
      }
    }
  }

  /** Reads the line at `i` into the row at `out.length`; returns the offset after its line feed, or a code. */
  #line(bytes: Uint8Array, i: number, out: ColumnSink): number {
    const states = this.#states, layout = this.#layout, layoutEnds = this.#layoutEnds, layoutFields = this.#layoutFields;
    const row = out.length;
    for (let f = 0; f < states.length; f++) states[f] = MISSING;
    for (let member = 0; ; member++) {
      let field = -1;
      let hit = false;
      if (member < MEMBERS) {
        let p = member * STRIDE;
        const known = layoutEnds[member];
        if (p < known) {
          let at = i;
          while (p < known && bytes[at] === layout[p]) {
            p++;
            at++;
          }
          if (p === known) {
            hit = true;
            i = bytes[at] > SPACE ? at : skipSpace(bytes, at);
            field = layoutFields[member];
          }
        }
      }
      if (!hit) {
        const value = this.#member(bytes, i, member);
        if (value === EMPTY_OBJECT) {
          i = skipSpace(bytes, i + 1) + 1;
          break;
        }
        if (value < 0) return value;
        field = this.#memberField;
        i = value;
      }
      i = field < 0 ? skipValue(bytes, i, this.#stack, 1) : this.#value(bytes, i, field, row, out);
      if (i < 0) return i;
      let c = bytes[i];
      if (c !== COMMA && c !== CLOSE_OBJECT) {
        i = skipSpace(bytes, i);
        c = bytes[i];
      }
      if (c === COMMA) continue;
      if (c !== CLOSE_OBJECT) return NOT_JSON;
      i++;
      break;
    }
    i = skipSpace(bytes, i);
    if (bytes[i] !== LF) return NOT_JSON;
    for (let f = 0; f < states.length; f++) {
      if (states[f] === VALID) continue;
      if (states[f] !== MISSING || this.#optional[f] === 0) {
        this.#badField = f;
        return BAD_FIELD;
      }
      out.setAbsent(f, row);
    }
    return i + 1;
  }

  #memberField = -1;

  /**
   * Reads the brace or comma at `i`, the key and the colon in full, and remembers them as the layout's;
   * returns the offset of the value, or a code. Leaves the field in `#memberField`.
   */
  #member(bytes: Uint8Array, start: number, member: number): number {
    if (bytes[start] !== (member === 0 ? OPEN_OBJECT : COMMA)) return member === 0 ? NOT_OBJECT : NOT_JSON;
    let i = skipSpace(bytes, start + 1);
    if (bytes[i] !== QUOTE) return member === 0 && bytes[i] === CLOSE_OBJECT ? EMPTY_OBJECT : NOT_JSON;
    const key = i + 1;
    i = skipString(bytes, key);
    if (i < 0) return i;
    const field = this.#findField(bytes, key, i - 1);
    i = skipSpace(bytes, i);
    if (bytes[i] !== COLON) return NOT_JSON;
    i = skipSpace(bytes, i + 1);
    this.#memberField = field;
    if (member < MEMBERS && i - start <= STRIDE) {
      const at = member * STRIDE;
      for (let k = 0; k < i - start; k++) this.#layout[at + k] = bytes[start + k];
      this.#layoutEnds[member] = at + i - start;
      this.#layoutFields[member] = field;
    }
    return i;
  }

  #findField(bytes: Uint8Array, start: number, end: number): number {
    if (hasEscape(bytes, start, end)) {
      if (this.#key.length < end - start) this.#key = new Uint8Array((end - start) * 2);
      end = unescapeInto(bytes, start, end, this.#key, 0);
      bytes = this.#key;
      start = 0;
    }
    const names = this.#names, length = end - start;
    for (let f = 0; f < names.length; f++) {
      const name = names[f];
      if (name.length !== length) continue;
      let k = 0;
      while (k < length && name[k] === bytes[start + k]) k++;
      if (k === length) return f;
    }
    return -1;
  }

  /** Reads the value at `i` as that of a wanted field; returns the offset after it, or a code. */
  #value(bytes: Uint8Array, i: number, field: number, row: number, out: ColumnSink): number {
    const type = this.#types[field];
    const c = bytes[i];
    this.#states[field] = VALID;
    if (c === QUOTE) {
      if (type === STRING) return this.#string(bytes, i + 1, field, row, out);
      if (type === TIMESTAMP) {
        const after = readIsoTime(bytes, i + 1, out.numbers[field], row);
        if (after >= 0 && bytes[after] === QUOTE) return after + 1;
        return this.#escapedTime(bytes, i, field, row, out);
      }
    } else if (c === MINUS || (c >= 48 && c <= 57)) {
      if (type <= INTEGER || type === TIMESTAMP) {
        const numbers = out.numbers[field];
        const after = readJsonNumber(bytes, i, numbers, row);
        if (after < 0) return NOT_JSON;
        const value = numbers[row];
        if (type === NUMBER ? value - value !== 0 : type === INTEGER ? !Number.isSafeInteger(value) : !isEpochMillis(value)) {
          this.#states[field] = value - value !== 0 ? OUT_OF_RANGE : WRONG_TYPE;
        }
        return after;
      }
    } else if (type === BOOLEAN && (c === 116 || c === 102)) {
      out.booleans[field][row] = c === 116 ? 1 : 0;
      return skipValue(bytes, i, this.#stack, 1);
    }
    const after = skipValue(bytes, i, this.#stack, 1);
    if (after < 0) return after;
    if (c === 110 && !(type === JSON_VALUE && this.#optional[field] === 1)) this.#states[field] = MISSING;
    else if (type === JSON_VALUE) out.values[field][row] = JSON.parse(decodeUtf8(bytes, i, after));
    else this.#states[field] = WRONG_TYPE;
    return after;
  }

  /** `start` is after the opening quote. */
  #string(bytes: Uint8Array, start: number, field: number, row: number, out: ColumnSink): number {
    let i = start;
    let c = bytes[i];
    while (PLAIN[c] === 1) c = bytes[++i];
    if (c === QUOTE) {
      out.starts[field][row] = start;
      out.ends[field][row] = i;
      return i + 1;
    }
    const after = skipString(bytes, i);
    if (after < 0) return after;
    if (!hasEscape(bytes, i, after)) {
      out.starts[field][row] = start;
      out.ends[field][row] = after - 1;
    } else {
      out.reserveText(after - 1 - start);
      out.starts[field][row] = out.textEnd;
      out.textEnd = unescapeInto(bytes, start, after - 1, out.text, out.textEnd);
      out.ends[field][row] = out.textEnd;
    }
    return after;
  }

  /** A timestamp's string that is not plainly one: it may still be, behind escapes. `i` is at the quote. */
  #escapedTime(bytes: Uint8Array, i: number, field: number, row: number, out: ColumnSink): number {
    const after = skipString(bytes, i + 1);
    if (after < 0) return after;
    const text = new Uint8Array(after - i - 1);
    const length = unescapeInto(bytes, i + 1, after - 1, text, 0);
    if (readIsoTime(text, 0, out.numbers[field], row) !== length) this.#states[field] = WRONG_TYPE;
    return after;
  }

  #reason(bytes: Uint8Array, start: number, end: number, code: number): string {
    if (code === BAD_FIELD) return fieldReason(this.fields[this.#badField], this.#states[this.#badField]);
    if (bytes[end - 1] === LF) end--;
    if (bytes[end - 1] === CR) end--;
    return jsonFault(code) ?? jsonReason(decodeUtf8(bytes, start, end));
  }
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}
