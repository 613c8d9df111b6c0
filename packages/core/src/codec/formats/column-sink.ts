import type { Column, Field } from "../../contracts/columns.ts";
import { MillraceError } from "../../errors.ts";
import { utf8Column } from "../columns.ts";
import { StringPool } from "../string-pool.ts";
import type { Malformed } from "./malformed.ts";
import { countLines } from "./record-ends.ts";
import { columnKind, createRowLayout, StructRows } from "./struct-rows.ts";
import type { RowLayout } from "./struct-rows.ts";

/** Turns the bytes of whole records into columns of the declared fields. */
export interface Decoder {
  readonly fields: readonly Field[];
  /** An empty sink for this decoder's columns; strings come from `pool` (default: one of its own). */
  createSink(pool?: StringPool): ColumnSink;
  /**
   * Decodes `chunk[start, end)`, which begins and ends at record ends (the last line feed may be
   * missing), and appends to `out`. May be called again for other parts of the same chunk before
   * `out.take()`. The chunk must not change while its rows are in use: string columns point into it.
   * Where a wanted string has escapes the chunk is copied once, so pass blocks, not a whole file.
   */
  decode(chunk: Uint8Array, start: number, end: number, out: ColumnSink): void;
}

/** What was decoded from one chunk. Everything in it belongs to the taker. */
export interface DecodedChunk {
  readonly rows: StructRows;
  /** Where each row begins in the chunk. */
  readonly offsets: Float64Array;
  readonly malformed: readonly Malformed[];
}

/**
 * Growing columns for one chunk at a time. `take` hands the columns over and leaves the sink empty,
 * with new memory for the next chunk: a decoded chunk stays valid for as long as anyone holds it
 * (memory that is used again made decoding 1 to 5% faster: not worth the danger).
 * The public arrays, indexed by field, are for decoders only.
 */
export class ColumnSink {
  readonly fields: readonly Field[];
  readonly numbers: Float64Array[] = [];
  readonly booleans: Uint8Array[] = [];
  readonly starts: Int32Array[] = [];
  readonly ends: Int32Array[] = [];
  readonly values: unknown[][] = [];
  offsets: Float64Array = NO_NUMBERS;
  length = 0;
  capacity = 0;
  /** Strings that had to be rewritten lie here, behind a copy of the chunk. */
  text: Uint8Array = NO_BYTES;
  textEnd = 0;
  readonly #layout: RowLayout;
  readonly #pool: StringPool;
  readonly #valid: (Uint8Array | undefined)[];
  #malformed: Malformed[] = [];
  #chunk: Uint8Array | undefined;
  #countedTo = 0;
  #counted = 0;
  #bytesPerRow = 64;
  #bytes = 0;

  constructor(fields: readonly Field[], pool: StringPool = new StringPool()) {
    this.fields = fields;
    this.#pool = pool;
    this.#layout = createRowLayout(fields.map((field) => ({ name: field.name, kind: columnKind(field.type) })));
    this.#valid = fields.map(() => undefined);
    for (let f = 0; f < fields.length; f++) this.#clear(f);
  }

  /**
   * Starts on `chunk[start, end)` and returns the bytes to scan, which hold a line feed at `end - 1` or
   * at `end`. Throws MILLRACE_USAGE while rows of another chunk are held, or for a sink of other fields.
   */
  open(fields: readonly Field[], chunk: Uint8Array, start: number, end: number): Uint8Array {
    if (fields !== this.fields) {
      throw new MillraceError("MILLRACE_USAGE", "codec column sink", "it is another decoder's; make one by the decoder's createSink()");
    }
    if (this.#chunk !== undefined && this.#chunk !== chunk) {
      throw new MillraceError("MILLRACE_USAGE", "codec column sink", "it holds another chunk's rows; take() them before decoding the next chunk");
    }
    if (chunk.length > MAX_CHUNK || !(start >= 0 && start <= end && end <= chunk.length)) {
      throw new MillraceError("MILLRACE_USAGE", "codec column sink", `cannot decode bytes ${start} to ${end} of ${chunk.length}; cut chunks of at most 1 GiB`);
    }
    this.#chunk = chunk;
    this.#countedTo = start;
    this.#counted = 0;
    this.#bytes += end - start;
    const expected = this.length + Math.ceil(((end - start) / this.#bytesPerRow) * 1.1) + 8;
    if (expected > this.capacity) this.#resize(expected);
    return withLineEnd(chunk, start, end);
  }

  grow(): void {
    this.#resize(this.capacity * 2);
  }

  /** Says that a field has no value in a row. */
  setAbsent(field: number, row: number): void {
    const type = this.fields[field].type;
    if (type === "json") {
      this.values[field][row] = undefined;
      return;
    }
    if (type === "string") this.starts[field][row] = this.ends[field][row] = 0;
    else if (type === "boolean") this.booleans[field][row] = 0;
    else this.numbers[field][row] = Number.NaN;
    let valid = this.#valid[field];
    if (valid === undefined) valid = this.#valid[field] = new Uint8Array(this.capacity).fill(1);
    valid[row] = 0;
  }

  /** Gives up the row that was being filled (the one at `length`) and reports its record. */
  reject(start: number, end: number, reason: string): void {
    const row = this.length;
    for (let f = 0; f < this.#valid.length; f++) {
      const valid = this.#valid[f];
      if (valid !== undefined && row < valid.length) valid[row] = 1;
    }
    const chunk = this.#chunk!;
    this.#counted += countLines(chunk, this.#countedTo, start);
    this.#countedTo = start;
    let last = end;
    if (last > start && chunk[last - 1] === LF) last--;
    if (last > start && chunk[last - 1] === CR) last--;
    this.#malformed.push({ line: this.#counted, start, end: last, reason });
  }

  /** Makes room in `text` for a rewritten string of up to `length` bytes at `textEnd`. */
  reserveText(length: number): void {
    if (this.textEnd + length <= this.text.length) return;
    const used = this.textEnd === 0 ? this.#chunk! : this.text.subarray(0, this.textEnd);
    this.text = new Uint8Array(Math.max(used.length * 2, used.length + length));
    this.text.set(used);
    this.textEnd = used.length;
  }

  /** Hands over what was decoded and empties the sink. */
  take(): DecodedChunk {
    const { length } = this;
    const bytes = this.textEnd > 0 ? this.text : plainBytes(this.#chunk ?? NO_BYTES);
    const columns: Column[] = [];
    for (let f = 0; f < this.fields.length; f++) {
      columns.push(this.#column(f, bytes));
      this.#clear(f);
    }
    const taken = {
      rows: new StructRows(this.#layout, columns, length),
      offsets: this.offsets.subarray(0, length),
      malformed: this.#malformed,
    };
    if (length > 0) this.#bytesPerRow = Math.max(1, this.#bytes / length);
    this.#bytes = 0;
    this.#malformed = [];
    this.#chunk = undefined;
    this.text = NO_BYTES;
    this.textEnd = 0;
    this.offsets = NO_NUMBERS;
    this.length = this.capacity = 0;
    return taken;
  }

  #column(f: number, bytes: Uint8Array): Column {
    const { length } = this;
    const valid = this.#valid[f]?.subarray(0, length);
    switch (this.fields[f].type) {
      case "string":
        return utf8Column(bytes, this.starts[f].subarray(0, length), this.ends[f].subarray(0, length), valid, this.#pool);
      case "boolean":
        return { type: "boolean", values: this.booleans[f].subarray(0, length), valid };
      case "json":
        this.values[f].length = length;
        return { type: "value", values: this.values[f] };
      default:
        return { type: "number", values: this.numbers[f].subarray(0, length), valid };
    }
  }

  #clear(f: number): void {
    this.numbers[f] = NO_NUMBERS;
    this.booleans[f] = NO_BYTES;
    this.starts[f] = NO_OFFSETS;
    this.ends[f] = NO_OFFSETS;
    this.values[f] = [];
    this.#valid[f] = undefined;
  }

  #resize(capacity: number): void {
    const used = this.length;
    for (let f = 0; f < this.fields.length; f++) {
      switch (this.fields[f].type) {
        case "string":
          this.starts[f] = grownOffsets(this.starts[f], used, capacity);
          this.ends[f] = grownOffsets(this.ends[f], used, capacity);
          break;
        case "boolean":
          this.booleans[f] = grownBytes(this.booleans[f], used, capacity);
          break;
        case "json":
          break;
        default:
          this.numbers[f] = grownNumbers(this.numbers[f], used, capacity);
      }
      const valid = this.#valid[f];
      if (valid !== undefined) this.#valid[f] = grownBytes(valid, used, capacity).fill(1, used);
    }
    this.offsets = grownNumbers(this.offsets, used, capacity);
    this.capacity = capacity;
  }
}

const LF = 10, CR = 13;
const MAX_CHUNK = 2 ** 30;
const NO_NUMBERS = new Float64Array(0);
const NO_OFFSETS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

/** Not a subclass: code that reads both Buffers and Uint8Arrays is slower at both. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function withLineEnd(chunk: Uint8Array, start: number, end: number): Uint8Array {
  if (end === start || chunk[end - 1] === LF) return plainBytes(chunk);
  const closed = new Uint8Array(end + 1);
  closed.set(chunk.subarray(start, end), start);
  closed[end] = LF;
  return closed;
}

function grownNumbers(old: Float64Array, used: number, capacity: number): Float64Array {
  const grown = new Float64Array(capacity);
  if (used > 0) grown.set(old.subarray(0, used));
  return grown;
}

function grownOffsets(old: Int32Array, used: number, capacity: number): Int32Array {
  const grown = new Int32Array(capacity);
  if (used > 0) grown.set(old.subarray(0, used));
  return grown;
}

function grownBytes(old: Uint8Array, used: number, capacity: number): Uint8Array {
  const grown = new Uint8Array(capacity);
  if (used > 0) grown.set(old.subarray(0, used));
  return grown;
}
