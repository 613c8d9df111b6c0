import type { Key, KeySource } from "../contracts/batch.ts";
import type { NumberColumn, StringColumn } from "../contracts/columns.ts";
import { MillraceError } from "../errors.ts";
import { ByteWriter } from "./bytes.ts";
import { DictionaryStrings } from "./columns.ts";
import { decodeKey, decodeNumberKey, encodeKey, FIRST_TAG, NUMBER_KEY_BYTES, TAG_NUMBER } from "./key.ts";
import { keyHash } from "./murmur2.ts";
import { internDictionary, internNumbers } from "./key-columns.ts";
import { NumberIndex } from "./number-index.ts";
import { RecentStrings } from "./recent-strings.ts";
import { decodeUtf8, encodeUtf8Into } from "./utf8.ts";

/**
 * Gives each distinct key a small integer, its slot, which stays until it is released. Key bytes
 * lie in one arena and are found by open addressing over typed arrays; numbers are found by their
 * value, without being encoded. No object per key: about 40 to 50 bytes for a key of 16.
 */
export class KeyTable implements KeySource {
  /** Pairs: key hash, record (0 is empty). */
  #index!: Int32Array;
  #shift = 0;
  #limit = 0;
  #indexed = 0;
  readonly #numbers = new NumberIndex();

  /** Records of whole words: slot, length in bytes, bytes. A record's name is its word offset; none starts at 0. */
  #words!: Int32Array;
  #bytes!: Uint8Array;
  #used = 1;
  #dead = 0;

  #records!: Int32Array;
  #hashes!: Int32Array;
  #size = 0;
  #free!: Int32Array;
  #freeCount = 0;
  #generation = 0;

  #values: (Key | undefined)[] = [];
  #valueSlots!: Int32Array;
  #recent!: RecentStrings;
  readonly #scratch = new ByteWriter(64);

  constructor() {
    this.#allocate();
  }

  get generation(): number {
    return this.#generation;
  }

  /** One more than the highest slot that was given out since the table was made or cleared. */
  get size(): number {
    return this.#size;
  }

  /** Keys that have a slot now. */
  get live(): number {
    return this.#size - this.#freeCount;
  }

  get memoryBytes(): number {
    return (
      this.#index.byteLength + this.#numbers.memoryBytes + this.#bytes.byteLength + this.#records.byteLength +
      this.#hashes.byteLength + this.#free.byteLength + this.#valueSlots.byteLength * 3 + this.#recent.memoryBytes
    );
  }

  /** The arena; it is another array after a key was added or released. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  start(slot: number): number {
    return ((this.#records[slot] + HEADER) << 2) >>> 0;
  }

  end(slot: number): number {
    const record = this.#records[slot];
    return (((record + HEADER) << 2) >>> 0) + this.#words[record + 1];
  }

  hash(slot: number): number {
    return this.#hashes[slot];
  }

  /** The key of a slot. Throws MILLRACE_USAGE for a slot that is free. */
  value(slot: number): Key {
    const place = slot & (this.#valueSlots.length - 1);
    if (this.#valueSlots[place] === slot + 1 && slot >= 0) return this.#values[place]!;
    const record = this.#recordOf(slot);
    const start = ((record + HEADER) << 2) >>> 0;
    if (this.#words[record + 1] === NUMBER_KEY_BYTES && this.#bytes[start] === TAG_NUMBER) return decodeNumberKey(this.#bytes, start);
    const key = decodeKey(this.#bytes, start, start + this.#words[record + 1]);
    this.#valueSlots[place] = slot + 1;
    this.#values[place] = key;
    return key;
  }

  /** The slot of a key, a new one if it has none. Throws MILLRACE_SCHEMA for what cannot be a key. */
  intern(key: Key): number {
    if (typeof key === "string") return this.internString(key);
    if (typeof key === "number") return this.internNumber(key);
    const writer = this.#scratch;
    writer.reset();
    encodeKey(key, writer);
    return this.internBytes(writer.bytes(), 0, writer.length);
  }

  /** The slot of the key encoded in `bytes[start, end)`, which is copied. That it is an encoding is not checked. */
  internBytes(bytes: Uint8Array, start: number, end: number): number {
    if (end - start === NUMBER_KEY_BYTES && bytes[start] === TAG_NUMBER) return this.internNumber(decodeNumberKey(bytes, start));
    const hash = keyHash(bytes, start, end);
    const record = this.#lookup(bytes, start, end, hash);
    return record !== 0 ? this.#words[record] : this.#addBytes(bytes, start, end, hash);
  }

  internString(key: string): number {
    if (this.#size > MAX_CACHED_STRINGS) return this.#internUncached(key);
    const place = this.#recent.place(key);
    let slot = this.#recent.get(key, place);
    if (slot >= 0) return slot;
    slot = this.#internUncached(key);
    this.#recent.put(key, this.#recent.place(key), slot);
    return slot;
  }

  internNumber(key: number): number {
    const slot = this.#numbers.get(key);
    return slot >= 0 ? slot : this.#addNumber(key);
  }

  /** Like `intern`, but -1 for a key without a slot. */
  find(key: Key): number {
    if (typeof key === "string") return this.findString(key);
    if (typeof key === "number") return this.findNumber(key);
    const writer = this.#scratch;
    writer.reset();
    encodeKey(key, writer);
    return this.findBytes(writer.bytes(), 0, writer.length);
  }

  findBytes(bytes: Uint8Array, start: number, end: number): number {
    if (end - start === NUMBER_KEY_BYTES && bytes[start] === TAG_NUMBER) return this.findNumber(decodeNumberKey(bytes, start));
    const record = this.#lookup(bytes, start, end, keyHash(bytes, start, end));
    return record !== 0 ? this.#words[record] : -1;
  }

  findString(key: string): number {
    const start = this.#stage(key);
    return this.findBytes(this.#bytes, start, this.#staged);
  }

  findNumber(key: number): number {
    return this.#numbers.get(key);
  }

  /**
   * Writes the slot of each of the first `count` selected rows into `out[row]`, -1 where the column
   * has no value or no finite one. Returns how many rows got -1.
   */
  internColumn(column: StringColumn | NumberColumn, selection: Int32Array | undefined, count: number, out: Int32Array): number {
    if (column.type === "number") return internNumbers(this, column, selection, count, out);
    if (column instanceof DictionaryStrings) return internDictionary(this, column, selection, count, out);
    let without = 0;
    for (let from = 0; from < count; from += BLOCK) without += this.#internBlock(column, selection, from, Math.min(count, from + BLOCK), out);
    return without;
  }

  /** Forgets the key of a slot; the slot may come to mean another one. Throws MILLRACE_USAGE for a slot that is free. */
  release(slot: number): void {
    const record = this.#recordOf(slot);
    const start = ((record + HEADER) << 2) >>> 0;
    const length = this.#words[record + 1];
    if (length === NUMBER_KEY_BYTES && this.#bytes[start] === TAG_NUMBER) this.#numbers.delete(decodeNumberKey(this.#bytes, start));
    else this.#unindex(record, this.#hashes[slot]);
    if (length === 0 || this.#bytes[start] < FIRST_TAG) this.#recent.forget(decodeUtf8(this.#bytes, start, start + length));
    this.#records[slot] = 0;
    const place = slot & (this.#valueSlots.length - 1);
    if (this.#valueSlots[place] === slot + 1) {
      this.#valueSlots[place] = 0;
      this.#values[place] = undefined;
    }
    if (this.#freeCount === this.#free.length) this.#free = grownInts(this.#free, this.#freeCount + 1);
    this.#free[this.#freeCount++] = slot;
    this.#generation++;
    this.#dead += HEADER + ((length + 3) >>> 2);
    if (this.#dead * 2 > this.#used && this.#used > COMPACT_FROM) this.#compact();
  }

  /** Whether a slot below `size` stands for a key now. */
  isLive(slot: number): boolean {
    return this.#records[slot] !== 0;
  }

  /** Forgets every key, and gives the memory back. */
  clear(): void {
    this.#generation++;
    this.#allocate();
  }

  #allocate(): void {
    this.#index = new Int32Array(2 << INITIAL_BITS);
    this.#shift = 32 - INITIAL_BITS;
    this.#limit = Math.floor(2 ** INITIAL_BITS * MAX_LOAD);
    this.#indexed = 0;
    this.#numbers.clear();
    this.#used = 1;
    this.#dead = 0;
    this.#words = new Int32Array(1024);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#records = new Int32Array(16);
    this.#hashes = new Int32Array(16);
    this.#size = 0;
    this.#free = new Int32Array(0);
    this.#freeCount = 0;
    this.#setCaches(16);
  }

  #recordOf(slot: number): number {
    const record = slot >= 0 && slot < this.#size ? this.#records[slot] : 0;
    if (record === 0) throw new MillraceError("MILLRACE_USAGE", "key table", `slot ${slot} has no key; it was released or never given out`);
    return record;
  }

  /** Where the string that `#stage` wrote ends. */
  #staged = 0;

  #internUncached(key: string): number {
    const start = this.#stage(key);
    const end = this.#staged;
    const hash = keyHash(this.#bytes, start, end);
    const record = this.#lookup(this.#bytes, start, end, hash);
    return record !== 0 ? this.#words[record] : this.#addBytes(this.#bytes, start, end, hash);
  }

  /** Writes a string behind the last record, where it lies already if it comes to be added. */
  #stage(key: string): number {
    const start = ((this.#used + HEADER) << 2) >>> 0;
    const room = key.length * 3;
    if (start + room > this.#bytes.length) this.#growArena(room);
    const end = encodeUtf8Into(key, this.#bytes, start);
    if (end - start !== key.length && !key.isWellFormed()) {
      throw new MillraceError("MILLRACE_SCHEMA", "key", "a string with a lone surrogate cannot be a key; make it well formed first");
    }
    this.#staged = end;
    return start;
  }

  #lookup(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const index = this.#index;
    const words = this.#words;
    const mask = index.length - 1;
    const length = end - start;
    for (let at = (Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> this.#shift) << 1; ; at = (at + 2) & mask) {
      const record = index[at + 1];
      if (record === 0) return 0;
      if (index[at] === hash && words[record + 1] === length && this.#holds(record, bytes, start, end)) return record;
    }
  }

  /** Whether the bytes of a record of that length are these. */
  #holds(record: number, bytes: Uint8Array, start: number, end: number): boolean {
    const words = this.#words;
    let word = record + HEADER;
    let from = start;
    for (; from + 4 <= end; from += 4) {
      if (words[word] !== (bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16) | (bytes[from + 3] << 24))) return false;
      word++;
    }
    if (from === end) return true;
    const stored = this.#bytes;
    for (let to = (word << 2) >>> 0; from < end; to++) if (bytes[from++] !== stored[to]) return false;
    return true;
  }

  #addBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slot = this.#nextSlot();
    const record = this.#append(slot, bytes, start, end);
    this.#take(slot, record, hash);
    this.#insert(hash, record);
    if (++this.#indexed > this.#limit) this.#reindex(this.#index.length * 2);
    return slot;
  }

  #addNumber(key: number): number {
    const writer = this.#scratch;
    writer.reset();
    encodeKey(key, writer);
    const slot = this.#nextSlot();
    const bytes = writer.bytes();
    this.#take(slot, this.#append(slot, bytes, 0, NUMBER_KEY_BYTES), keyHash(bytes, 0, NUMBER_KEY_BYTES));
    this.#numbers.add(key, slot);
    return slot;
  }

  #nextSlot(): number {
    return this.#freeCount > 0 ? this.#free[this.#freeCount - 1] : this.#size;
  }

  #take(slot: number, record: number, hash: number): void {
    if (slot === this.#size) {
      if (slot === this.#records.length) {
        this.#records = grownInts(this.#records, slot + 1);
        this.#hashes = grownInts(this.#hashes, slot + 1);
        if (this.#valueSlots.length < Math.min(slot, MAX_VALUES)) this.#setCaches(this.#valueSlots.length * 2);
      }
      this.#size++;
    } else {
      this.#freeCount--;
    }
    this.#records[slot] = record;
    this.#hashes[slot] = hash;
  }

  #append(slot: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const record = this.#used;
    const at = ((record + HEADER) << 2) >>> 0;
    if (at + length > this.#bytes.length) this.#growArena(length);
    const words = this.#words;
    const size = (length + 3) >>> 2;
    words[record] = slot;
    words[record + 1] = length;
    const target = this.#bytes;
    if (length > 32) target.set(bytes.subarray(start, end), at);
    else for (let i = 0; i < length; i++) target[at + i] = bytes[start + i]!;
    this.#used = record + HEADER + size;
    return record;
  }

  #insert(hash: number, record: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = (Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> this.#shift) << 1;
    while (index[at + 1] !== 0) at = (at + 2) & mask;
    index[at] = hash;
    index[at + 1] = record;
  }

  #unindex(record: number, hash: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    const shift = this.#shift;
    let hole = (Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> shift) << 1;
    while (index[hole + 1] !== record) hole = (hole + 2) & mask;
    for (let at = (hole + 2) & mask; index[at + 1] !== 0; at = (at + 2) & mask) {
      const other = index[at];
      const home = (Math.imul(other ^ (other >>> 15), GOLDEN) >>> shift) << 1;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        index[hole] = other;
        index[hole + 1] = index[at + 1]!;
        hole = at;
      }
    }
    index[hole + 1] = 0;
    this.#indexed--;
  }

  #reindex(length: number): void {
    const old = this.#index;
    this.#index = new Int32Array(length);
    this.#shift = 33 - (31 - Math.clz32(length));
    this.#limit = Math.floor((length / 2) * MAX_LOAD);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#insert(old[at], old[at + 1]);
    }
  }

  /** Moves the live records together, in order, and points the index at their new places. */
  #compact(): void {
    const words = this.#words;
    const records = this.#records;
    const used = this.#used;
    this.#index.fill(0);
    let to = 1;
    for (let from = 1; from < used; ) {
      const slot = words[from];
      const length = words[from + 1];
      const next = from + HEADER + ((length + 3) >>> 2);
      if (records[slot] === from) {
        if (to !== from) words.copyWithin(to, from, next);
        records[slot] = to;
        const start = ((to + HEADER) << 2) >>> 0;
        if (length !== NUMBER_KEY_BYTES || this.#bytes[start] !== TAG_NUMBER) this.#insert(this.#hashes[slot], to);
        to += next - from;
      }
      from = next;
    }
    this.#used = to;
    this.#dead = 0;
    if (to * 4 < words.length && words.length > COMPACT_FROM) this.#setArena(to * 2);
  }

  /** Room for a record of `length` bytes behind the last one. */
  #growArena(length: number): void {
    const needed = this.#used + HEADER + ((length + 3) >>> 2);
    const capacity = this.#words.length;
    if (needed > MAX_WORDS) throw new MillraceError("MILLRACE_STORE_FULL", "key table", "its keys exceed 4 GiB; use more partitions");
    this.#setArena(Math.min(MAX_WORDS, Math.max(needed, Math.ceil(capacity * (capacity < LARGE ? 2 : 1.25)))));
  }

  #setArena(capacity: number): void {
    const words = new Int32Array(capacity);
    words.set(this.#words.subarray(0, this.#used));
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
  }

  /** Values by slot, and slots by recent strings: both start over empty. */
  #setCaches(capacity: number): void {
    this.#recent = new RecentStrings(capacity <= MAX_CACHED_STRINGS ? capacity * 4 : 16);
    this.#valueSlots = new Int32Array(capacity);
    this.#values = new Array<Key | undefined>(capacity).fill(undefined);
  }

  /**
   * Hashes all rows, then looks at all their buckets, then at their records: loads that do not wait
   * for each other overlap, which is two to three times faster where keys exceed the caches.
   */
  #internBlock(column: StringColumn, selection: Int32Array | undefined, from: number, to: number, out: Int32Array): number {
    const { bytes, starts, ends, valid } = column;
    const index = this.#index;
    const shift = this.#shift;
    for (let i = from; i < to; i++) {
      const row = selection === undefined ? i : selection[i];
      const hash = keyHash(bytes, starts[row], ends[row]);
      const at = (Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> shift) << 1;
      blockHashes[i - from] = hash;
      blockRecords[i - from] = index[at] === hash ? index[at + 1] : 0;
    }
    const words = this.#words;
    for (let i = 0; i < to - from; i++) blockLengths[i] = words[blockRecords[i] + 1]!;
    let without = 0;
    for (let i = from; i < to; i++) {
      const row = selection === undefined ? i : selection[i];
      const start = starts[row];
      const end = ends[row];
      let record = blockRecords[i - from];
      if (valid !== undefined && valid[row] === 0) {
        out[row] = -1;
        without++;
      } else if (record !== 0 && blockLengths[i - from] === end - start && this.#holds(record, bytes, start, end)) {
        out[row] = words[record]!;
      } else {
        const hash = blockHashes[i - from];
        record = this.#lookup(bytes, start, end, hash);
        out[row] = record !== 0 ? this.#words[record] : this.#addBytes(bytes, start, end, hash);
      }
    }
    return without;
  }
}

const MAX_LOAD = 0.6;
const INITIAL_BITS = 4;
const HEADER = 2;
/** 2^32 divided by the golden ratio; with the shift before it, keys that share a residue still spread. */
const GOLDEN = 0x9e3779b1;
const COMPACT_FROM = 4096;
const MAX_VALUES = 65_536;
/** With more keys than this, a miss of the cache of strings costs more than a hit saves. */
const MAX_CACHED_STRINGS = 16_384;
const LARGE = 8 * 1024 * 1024;
/** Rows that are looked up together; their hashes, first candidates and those candidates' lengths. */
const BLOCK = 256;
const blockHashes = new Int32Array(BLOCK);
const blockRecords = new Int32Array(BLOCK);
const blockLengths = new Int32Array(BLOCK);
const MAX_WORDS = 2 ** 30 - 1;

function grownInts(values: Int32Array, needed: number): Int32Array {
  const capacity = values.length;
  const grown = new Int32Array(Math.max(16, needed, Math.ceil(capacity * (capacity < LARGE ? 2 : 1.25))));
  grown.set(values);
  return grown;
}
