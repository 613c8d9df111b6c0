import { ByteReader, ByteWriter } from "./bytes.ts";

/**
 * Byte strings that are never removed, in the order they came: length and bytes of each one after the
 * other, found by open addressing over their hashes, 8 bytes an entry at a load of at most 0.75.
 */
export class BytesSet {
  readonly #log = new ByteWriter(64);
  /** Pairs: hash, offset in the log + 1 (0 is empty). */
  #index = new Int32Array(2 * INITIAL);
  #shift = 32 - INITIAL_BITS;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#index.byteLength + this.#log.length;
  }

  /** Bytes of the log so far: where the next one that is added will lie. */
  get length(): number {
    return this.#log.length;
  }

  /** A reader of the log from an offset on: of each, its length (varint) and its bytes. Good until something is added. */
  read(from: number): ByteReader {
    return new ByteReader(this.#log.bytes(), from);
  }

  /** Adds `bytes[start, end)` with their hash; false where they are there already. */
  add(bytes: Uint8Array, start: number, end: number, hash: number): boolean {
    const index = this.#index;
    const mask = index.length - 1;
    let at = (Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> this.#shift) << 1;
    if (this.#size > 0) {
      const log = this.#log.bytes();
      for (; index[at + 1] !== 0; at = (at + 2) & mask) {
        if (index[at] === hash && holds(log, index[at + 1] - 1, bytes, start, end)) return false;
      }
    }
    index[at] = hash;
    index[at + 1] = this.#log.length + 1;
    this.#log.varint(end - start);
    this.#log.append(bytes, start, end);
    if (++this.#size * 8 > index.length * 3) this.#grow();
    return true;
  }

  #grow(): void {
    const old = this.#index;
    const index = new Int32Array(old.length * 2);
    const mask = index.length - 1;
    this.#shift--;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue;
      const hash = old[from];
      let at = (Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> this.#shift) << 1;
      while (index[at + 1] !== 0) at = (at + 2) & mask;
      index[at] = hash;
      index[at + 1] = old[from + 1];
    }
    this.#index = index;
  }
}

const INITIAL_BITS = 3;
const INITIAL = 2 ** INITIAL_BITS;
const GOLDEN = 0x9e3779b1;

/** Whether the entry of a log at an offset is `bytes[start, end)`. */
function holds(log: Uint8Array, offset: number, bytes: Uint8Array, start: number, end: number): boolean {
  let at = offset;
  let length = log[at++];
  if (length > 0x7f) {
    length &= 0x7f;
    for (let scale = 128; ; scale *= 128) {
      const byte = log[at++];
      length += (byte & 0x7f) * scale;
      if (byte <= 0x7f) break;
    }
  }
  if (length !== end - start) return false;
  for (let i = start; i < end; i++) if (log[at++] !== bytes[i]) return false;
  return true;
}
