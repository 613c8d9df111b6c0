import { MillraceError } from "@millrace/core";
import type { ByteInput } from "./byte-input.ts";
import type { RecordScanner } from "./record-scanner.ts";

/** The records that start in [index * chunkBytes, (index + 1) * chunkBytes) of a file. */
export interface Cut {
  readonly index: number;
  /** Whole records in `bytes[start, end)`; room for one more byte follows. Give it back by `release`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Offset of `start` in the file's content. */
  readonly offset: number;
  /** A record after them that is longer than the bound, of which only the beginning is kept. */
  readonly overlong: { readonly offset: number; readonly length: number; readonly head: Buffer } | undefined;
}

export interface CutOptions {
  readonly chunkBytes: number;
  /** Longest record; at least `chunkBytes`. */
  readonly maxRecordBytes: number;
}

/**
 * Cuts a file's content at record ends into chunks that depend on the content only. Chunks are asked
 * for in ascending order; those between are passed over, unread where the format and the input allow
 * it. Holds one chunk and a longest record at most; buffers are used again.
 */
export class ChunkCutter {
  readonly #input: ByteInput;
  readonly #scanner: RecordScanner;
  readonly #chunkBytes: number;
  readonly #maxRecordBytes: number;
  readonly #capacity: number;
  readonly #spare: Buffer[] = [];
  #buffer: Buffer;
  /** File offset of the buffer's first byte. */
  #base = 0;
  #filled = 0;
  /** Up to here the scanner has noted the content. */
  #scanned = 0;
  /** Start of the first record at or after the last place that was asked for. */
  #recordStart = 0;
  #size: number | undefined;

  constructor(input: ByteInput, scanner: RecordScanner, options: CutOptions) {
    this.#input = input;
    this.#scanner = scanner;
    this.#chunkBytes = options.chunkBytes;
    this.#maxRecordBytes = Math.max(options.maxRecordBytes, options.chunkBytes);
    this.#capacity = options.chunkBytes + Math.min(options.chunkBytes, LOOK_AHEAD) + 16;
    this.#size = input.size;
    this.#buffer = Buffer.allocUnsafeSlow(this.#capacity);
  }

  /** How many chunks the content has, once that is known. */
  get chunks(): number | undefined {
    return this.#size === undefined ? undefined : Math.ceil(this.#size / this.#chunkBytes);
  }

  /** Passes over a byte order mark: the first record starts after it. */
  async skipMark(): Promise<void> {
    while (this.#filled < 3 && (await this.#more(0))) continue;
    const bytes = this.#buffer;
    if (this.#filled >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#scanned = this.#recordStart = 3;
  }

  /** The first record, which is then part of no chunk; undefined where there is none. */
  async header(): Promise<Buffer | undefined> {
    const start = this.#recordStart;
    const ended = await this.#passRecordEnd(start, start + this.#maxRecordBytes);
    if (!ended || this.#scanned - start > this.#maxRecordBytes) {
      throw new MillraceError("MILLRACE_DECODE", `file ${this.#input.name}`, `its first line, the CSV header, does not end within ${this.#maxRecordBytes} bytes; check the format and the quotes`);
    }
    this.#recordStart = this.#scanned;
    return this.#scanned === start ? undefined : Buffer.from(this.#buffer.subarray(start - this.#base, this.#scanned - this.#base));
  }

  /** The chunk of this index; undefined where the content ends before it. */
  async cut(index: number): Promise<Cut | undefined> {
    const from = index * this.#chunkBytes;
    if (this.#size !== undefined && from >= this.#size) return undefined;
    if (from > this.#recordStart) {
      this.#jump(from - 1);
      if (await this.#advance(from - 1, undefined)) await this.#passRecordEnd(undefined, Infinity);
      this.#recordStart = this.#scanned;
    }
    while (from >= this.#base + this.#filled) if (!(await this.#more(this.#recordStart))) return undefined;
    const to = from + this.#chunkBytes;
    const start = this.#recordStart;
    if (start >= to || start === this.#size) return { index, bytes: NOTHING, start: 0, end: 0, offset: start, overlong: undefined };
    return this.#cutFrom(index, start, to);
  }

  /** Takes back the bytes of a cut that nothing refers to any more. */
  release(cut: Cut): void {
    if (cut.bytes.length === this.#capacity && this.#spare.length < 2) this.#spare.push(cut.bytes);
  }

  async #cutFrom(index: number, start: number, to: number): Promise<Cut> {
    const max = this.#maxRecordBytes;
    let ended = (await this.#advance(to - 1, start)) ? await this.#passRecordEnd(start, start + max) : true;
    if (!ended || this.#scanned - start > max) {
      const last = this.#lastStart(start, to);
      if (!ended) ended = await this.#passRecordEnd(start, last + max);
      if (!ended || this.#scanned - last > max) return this.#takeOverlong(index, start, last, ended);
    }
    this.#recordStart = this.#scanned;
    return this.#take(index, start, this.#scanned);
  }

  /** Goes on at `offset`, without reading what lies between where that is possible. */
  #jump(offset: number): void {
    if (!this.#scanner.stateless || this.#input.seek === undefined || offset <= this.#base + this.#filled) return;
    this.#input.seek(offset);
    this.#base = this.#scanned = offset;
    this.#filled = 0;
  }

  /** Scans up to `offset`, keeping all from `hold` on; false where the content ends before it. */
  async #advance(offset: number, hold: number | undefined): Promise<boolean> {
    while (this.#scanned < offset) {
      const available = Math.min(this.#base + this.#filled, offset);
      if (this.#scanned < available) {
        this.#scanner.skip(this.#buffer, this.#scanned - this.#base, available - this.#base);
        this.#scanned = available;
      } else if (!(await this.#more(hold ?? this.#scanned))) {
        return false;
      }
    }
    return true;
  }

  /** Scans to after the next record end, which may be the content's; false where `limit` is passed without one. */
  async #passRecordEnd(hold: number | undefined, limit: number): Promise<boolean> {
    for (;;) {
      const found = this.#scanner.findEnd(this.#buffer, this.#scanned - this.#base, this.#filled);
      this.#scanned = this.#base + (found < 0 ? this.#filled : found);
      if (found >= 0) return true;
      if (this.#scanned > limit) return false;
      if (!(await this.#more(hold ?? this.#scanned))) return true;
    }
  }

  /** Where the last record that starts before `to` starts. */
  #lastStart(start: number, to: number): number {
    const finder = this.#scanner.fresh();
    let last = start;
    for (;;) {
      const end = finder.findEnd(this.#buffer, last - this.#base, this.#filled);
      if (end < 0 || this.#base + end >= to) return last;
      last = this.#base + end;
    }
  }

  #take(index: number, start: number, end: number): Cut {
    const base = this.#base;
    const bytes = this.#replaceBuffer(end);
    return { index, bytes, start: start - base, end: end - base, offset: start, overlong: undefined };
  }

  /** The chunk's last record is longer than the bound: what is left of it is scanned, and not kept. */
  async #takeOverlong(index: number, start: number, last: number, ended: boolean): Promise<Cut> {
    const base = this.#base;
    const bytes = this.#replaceBuffer(this.#scanned);
    const head = Buffer.from(bytes.subarray(last - base, Math.min(last + OVERLONG_HEAD, this.#scanned) - base));
    if (!ended) await this.#passRecordEnd(undefined, Infinity);
    this.#recordStart = this.#scanned;
    return { index, bytes, start: start - base, end: last - base, offset: start, overlong: { offset: last, length: this.#scanned - last, head } };
  }

  /** Gives the buffer away; what it holds from `carry` on goes to the next one. */
  #replaceBuffer(carry: number): Buffer {
    const full = this.#buffer;
    const from = carry - this.#base;
    const carried = this.#filled - from;
    const next = this.#spare.pop();
    this.#buffer = next !== undefined && carried < next.length ? next : Buffer.allocUnsafeSlow(carried + this.#capacity);
    full.copy(this.#buffer, 0, from, this.#filled);
    this.#base = carry;
    this.#filled = carried;
    return full;
  }

  /** Reads more of the content, keeping what lies from `hold` on; false at its end. */
  async #more(hold: number): Promise<boolean> {
    if (this.#filled >= this.#buffer.length - 1) this.#makeRoom(Math.max(hold, this.#base));
    const read = await this.#input.read(this.#buffer, this.#filled, this.#buffer.length - 1 - this.#filled);
    this.#filled += read;
    if (read === 0) this.#size ??= this.#base + this.#filled;
    return read > 0;
  }

  #makeRoom(hold: number): void {
    const dropped = hold - this.#base;
    const old = this.#buffer;
    const kept = this.#filled - dropped;
    if (kept >= old.length / 2) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(2 * kept, this.#capacity));
      if (old.length === this.#capacity && this.#spare.length < 2) this.#spare.push(old);
    }
    old.copy(this.#buffer, 0, dropped, this.#filled);
    this.#base = hold;
    this.#filled = kept;
  }
}

const LOOK_AHEAD = 64 * 1024;
/** How much of a record that is longer than the bound is kept, in bytes. */
const OVERLONG_HEAD = 1024;
const NOTHING = Buffer.alloc(1);
