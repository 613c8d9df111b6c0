import type { Field } from "../../contracts/columns.ts";
import { MillraceError } from "../../errors.ts";
import type { StringPool } from "../string-pool.ts";
import { decodeUtf8 } from "../utf8.ts";
import { ColumnSink } from "./column-sink.ts";
import type { Decoder } from "./column-sink.ts";
import { isEpochMillis, parseIsoTime, readIsoTime } from "./iso-time.ts";
import { fieldReason, MISSING, OUT_OF_RANGE, WRONG_TYPE } from "./malformed.ts";
import { readDecimal, readJsonNumber } from "./numbers.ts";
import { byteOrderMarkLength, csvBytes, csvRecordEnd } from "./record-ends.ts";
import type { CsvBytes } from "./record-ends.ts";
import { isUtf8, utf8Next } from "./utf8-scan.ts";

/** The characters of a CSV dialect; each one ASCII character. */
export interface CsvDialect {
  /** Default `,`. */
  readonly delimiter?: string;
  /** Default `"`. */
  readonly quote?: string;
}

/**
 * A decoder of CSV (RFC 4180, line ends LF or CRLF) that reads the declared fields from the bytes.
 * Every row is checked in full: the number of its fields, its quotes and its UTF-8. An empty unquoted
 * field is absent if optional, "" as a string, else malformed; so is a quoted empty number. Lines with
 * nothing on them are skipped where the header has more than one field. Throws MILLRACE_SCHEMA where
 * the header lacks a field that is not optional, or has a declared field twice.
 */
export function createCsvDecoder(
  options: { readonly fields: readonly Field[]; readonly header: readonly string[] } & CsvDialect,
): Decoder {
  return new CsvDecoder(options.fields, options.header, csvBytes(options.delimiter, options.quote));
}

/**
 * Reads the first record as a header: its names, and where the record after it begins (a byte order
 * mark before it is skipped). Undefined where the bytes do not hold all of the record: give more, or
 * append a line feed at the end of a file. Throws MILLRACE_DECODE where the record is no header.
 */
export function readHeader(bytes: Uint8Array, dialect: CsvDialect = {}): { readonly header: readonly string[]; readonly end: number } | undefined {
  const csv = csvBytes(dialect.delimiter, dialect.quote);
  const start = byteOrderMarkLength(bytes);
  const end = csvRecordEnd(bytes, start, bytes.length, csv);
  if (end < 0) return undefined;
  const header: string[] = [];
  const stops = stopBytes(csv);
  const quoteText = String.fromCharCode(csv.quote);
  for (let i = start; ; i++) {
    const quoted = bytes[i] === csv.quote;
    const after = quoted ? quotedEnd(bytes, i + 1, end, csv.quote) : unquotedEnd(bytes, i, stops);
    const first = quoted ? i + 1 : i;
    const last = quoted ? after - 1 : after;
    if (after < 0 || !isUtf8(bytes, first, last)) break;
    const name = decodeUtf8(bytes, first, last);
    header.push(quoted ? name.replaceAll(quoteText + quoteText, quoteText) : name);
    i = after;
    if (bytes[i] === csv.delimiter) continue;
    if (bytes[i] === CR) i++;
    if (i + 1 === end) return { header, end };
    break;
  }
  throw new MillraceError("MILLRACE_DECODE", "csv header", `the first record is no header (quotes or UTF-8 are broken after ${header.length} names); check the delimiter and the encoding`);
}

const LF = 10, CR = 13, SPACE = 32, MINUS = 45;

const SKIP = 0, NUMBER = 1, INTEGER = 2, STRING = 3, BOOLEAN = 4, TIMESTAMP = 5, JSON_VALUE = 6;
const OPS = ["skip", "number", "integer", "string", "boolean", "timestamp", "json"] as const;

/** Codes of a record that is malformed. */
const BAD_FIELD = -1;
const RAGGED = -2;
const BAD_QUOTES = -3;
const NOT_UTF8 = -4;
const BAD_CR = -5;

class CsvDecoder implements Decoder {
  readonly fields: readonly Field[];
  readonly #csv: CsvBytes;
  /** Per column of the file: what to do, and for which field. */
  readonly #ops: Uint8Array;
  readonly #targets: Int32Array;
  readonly #optional: Uint8Array;
  /** Fields that the file does not have. */
  readonly #lacking: readonly number[];
  readonly #stops: Uint8Array;
  #end = 0;
  #bad = 0;
  #cause = 0;

  constructor(fields: readonly Field[], header: readonly string[], csv: CsvBytes) {
    this.fields = fields;
    this.#csv = csv;
    this.#stops = stopBytes(csv);
    this.#ops = new Uint8Array(header.length);
    this.#targets = new Int32Array(header.length);
    this.#optional = Uint8Array.from(fields, (field) => (field.optional ? 1 : 0));
    const lacking: number[] = [];
    fields.forEach((field, f) => {
      const column = header.indexOf(field.name);
      if (column >= 0 && header.indexOf(field.name, column + 1) < 0) {
        this.#ops[column] = OPS.indexOf(field.type);
        this.#targets[column] = f;
      } else if (column < 0 && field.optional) {
        lacking.push(f);
      } else {
        const fault = column < 0 ? "is not in" : "is twice in";
        throw new MillraceError("MILLRACE_SCHEMA", `field ${field.name}`, `it ${fault} the file's header (${header.join(", ")}); correct the schema or the file, or declare the field optional`);
      }
    });
    this.#lacking = lacking;
  }

  createSink(pool?: StringPool): ColumnSink {
    return new ColumnSink(this.fields, pool);
  }

  decode(chunk: Uint8Array, start: number, end: number, out: ColumnSink): void {
    const bytes = out.open(this.fields, chunk, start, end);
    this.#end = end;
    const skipEmpty = this.#ops.length > 1;
    let i = start;
    while (i < end) {
      if (skipEmpty && (bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] === LF))) {
        i += bytes[i] === LF ? 1 : 2;
        continue;
      }
      if (out.length === out.capacity) out.grow();
      const next = this.#record(bytes, i, out);
      if (next >= 0) {
        for (const f of this.#lacking) out.setAbsent(f, out.length);
        out.offsets[out.length++] = i;
        i = next;
      } else {
        const found = csvRecordEnd(bytes, i, end, this.#csv);
        const recordEnd = found < 0 ? end : found;
        out.reject(i, recordEnd, this.#reason(next));
        i = recordEnd;
      }
    }
  }

  /** Reads the record at `i` into the row at `out.length`; returns the offset after its line end, or a code. */
  #record(bytes: Uint8Array, i: number, out: ColumnSink): number {
    const ops = this.#ops, targets = this.#targets, stops = this.#stops;
    const { delimiter, quote } = this.#csv;
    const row = out.length, last = ops.length - 1;
    for (let column = 0; ; column++) {
      const op = ops[column];
      let c = bytes[i];
      if (c === quote) {
        i = this.#quoted(bytes, i + 1, column, out);
        if (i < 0) return i;
      } else if (op === SKIP) {
        while (stops[c] === 0) c = bytes[++i];
        if (c >= 0x80) i = unquotedEnd(bytes, i, stops);
        if (i < 0) return NOT_UTF8;
      } else if (op <= INTEGER) {
        const numbers = out.numbers[targets[column]];
        const after = readJsonNumber(bytes, i, numbers, row);
        const fits = after >= 0 && stops[bytes[after]] === 1 && (op === INTEGER ? Number.isSafeInteger(numbers[row]) : Number.isFinite(numbers[row]));
        i = fits ? after : this.#unquoted(bytes, i, column, out);
        if (i < 0) return i;
      } else if (op === TIMESTAMP) {
        const after = readIsoTime(bytes, i, out.numbers[targets[column]], row);
        if (after >= 0 && delimiter !== SPACE && stops[bytes[after]] === 1) i = after;
        else i = this.#unquoted(bytes, i, column, out);
        if (i < 0) return i;
      } else {
        i = this.#unquoted(bytes, i, column, out);
        if (i < 0) return i;
      }
      c = bytes[i];
      if (column < last) {
        if (c !== delimiter) return endFault(c, quote);
        i++;
      } else {
        if (c === LF) return i + 1;
        if (c === CR && bytes[i + 1] === LF) return i + 2;
        return endFault(c, quote);
      }
    }
  }

  /** Reads an unquoted field of any type at `i`; returns the offset after it, or a code. */
  #unquoted(bytes: Uint8Array, i: number, column: number, out: ColumnSink): number {
    const end = unquotedEnd(bytes, i, this.#stops);
    if (end < 0) return NOT_UTF8;
    const field = this.#targets[column];
    if (end === i && this.#optional[field] === 1) {
      out.setAbsent(field, out.length);
      return end;
    }
    const cause = this.#store(bytes, i, end, column, out);
    return cause === 0 ? end : this.#refuse(field, end === i ? MISSING : cause);
  }

  /** Reads a quoted field; `i` is after its opening quote. Returns the offset after the closing one, or a code. */
  #quoted(bytes: Uint8Array, i: number, column: number, out: ColumnSink): number {
    const { quote } = this.#csv;
    const limit = this.#end;
    let end = i;
    let doubled = false;
    let ascii = true;
    for (; end < limit; end++) {
      const c = bytes[end];
      if (c >= 0x80) ascii = false;
      if (c !== quote) continue;
      if (end + 1 === limit || bytes[end + 1] !== quote) break;
      doubled = true;
      end++;
    }
    if (end >= limit) return BAD_QUOTES;
    if (!ascii && !isUtf8(bytes, i, end)) return NOT_UTF8;
    const after = end + 1;
    if (this.#ops[column] === SKIP) return after;
    let cause: number;
    if (doubled) {
      out.reserveText(end - i);
      const { text, textEnd } = out;
      let at = textEnd;
      for (let from = i; from < end; from++) {
        text[at++] = bytes[from];
        if (bytes[from] === quote) from++;
      }
      out.textEnd = at;
      cause = this.#store(text, textEnd, at, column, out);
    } else {
      cause = this.#store(bytes, i, end, column, out);
    }
    return cause === 0 ? after : this.#refuse(this.#targets[column], cause);
  }

  #refuse(field: number, cause: number): number {
    this.#bad = field;
    this.#cause = cause;
    return BAD_FIELD;
  }

  /** Stores the text in `bytes[start, end)` as the column's field; why it cannot, or 0. */
  #store(bytes: Uint8Array, start: number, end: number, column: number, out: ColumnSink): number {
    const field = this.#targets[column], row = out.length;
    switch (this.#ops[column]) {
      case STRING:
        out.starts[field][row] = start;
        out.ends[field][row] = end;
        return 0;
      case NUMBER:
      case INTEGER: {
        const numbers = out.numbers[field];
        if (!readDecimal(bytes, start, end, numbers, row)) return WRONG_TYPE;
        if (!Number.isFinite(numbers[row])) return OUT_OF_RANGE;
        return this.#ops[column] === NUMBER || Number.isSafeInteger(numbers[row]) ? 0 : WRONG_TYPE;
      }
      case TIMESTAMP:
        return this.#time(bytes, start, end, out.numbers[field], row) ? 0 : WRONG_TYPE;
      case BOOLEAN: {
        const text = end - start <= 5 ? decodeUtf8(bytes, start, end).toLowerCase() : "";
        out.booleans[field][row] = text === "true" || text === "1" ? 1 : 0;
        return text === "true" || text === "false" || text === "1" || text === "0" ? 0 : WRONG_TYPE;
      }
      case JSON_VALUE:
        try {
          const value: unknown = JSON.parse(decodeUtf8(bytes, start, end));
          out.values[field][row] = value;
          return value !== null || this.#optional[field] === 1 ? 0 : MISSING;
        } catch {
          return WRONG_TYPE;
        }
      default:
        return 0;
    }
  }

  #time(bytes: Uint8Array, start: number, end: number, numbers: Float64Array, row: number): boolean {
    if (isDigits(bytes, start, end)) return readDecimal(bytes, start, end, numbers, row) && isEpochMillis(numbers[row]);
    if (this.#csv.delimiter !== SPACE) return readIsoTime(bytes, start, numbers, row) === end;
    numbers[row] = parseIsoTime(decodeUtf8(bytes, start, end));
    return !Number.isNaN(numbers[row]);
  }

  #reason(code: number): string {
    switch (code) {
      case BAD_FIELD:
        return fieldReason(this.fields[this.#bad], this.#cause);
      case RAGGED:
        return `the record does not have the header's ${this.#ops.length} fields`;
      case NOT_UTF8:
        return "not well-formed UTF-8";
      case BAD_CR:
        return "a carriage return without a line feed outside quotes";
      default:
        return "a quote is not closed, or stands inside a field without being doubled";
    }
  }
}

/** 1 for the bytes at which an unquoted field ends or is not plain ASCII. */
function stopBytes(csv: CsvBytes): Uint8Array {
  const stops = new Uint8Array(256).fill(2, 128);
  for (const c of [csv.delimiter, csv.quote, LF, CR]) stops[c] = 1;
  return stops;
}

/** The offset of the byte that ends the unquoted field at `i`, or -1 where its UTF-8 is broken. */
function unquotedEnd(bytes: Uint8Array, i: number, stops: Uint8Array): number {
  for (;;) {
    const stop = stops[bytes[i]];
    if (stop === 0) i++;
    else if (stop === 1) return i;
    else if ((i = utf8Next(bytes, i)) < 0) return -1;
  }
}

/** The offset after the closing quote of the quoted field whose text begins at `i`, or -1. */
function quotedEnd(bytes: Uint8Array, i: number, end: number, quote: number): number {
  for (; i < end; i++) {
    if (bytes[i] !== quote) continue;
    if (i + 1 < end && bytes[i + 1] === quote) i++;
    else return i + 1;
  }
  return -1;
}

/** Whether the text is an optional minus and up to 16 digits: a count of epoch milliseconds. */
function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (first >= end || end - first > 16) return false;
  for (let i = first; i < end; i++) if (bytes[i] < 48 || bytes[i] > 57) return false;
  return true;
}

function endFault(c: number, quote: number): number {
  return c === quote ? BAD_QUOTES : c === CR ? BAD_CR : RAGGED;
}
