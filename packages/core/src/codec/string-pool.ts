import { decodeUtf8 } from "./utf8.ts";

/**
 * A bounded, direct-mapped cache from UTF-8 bytes to JS strings: strings that repeat (ids, names,
 * categories) are decoded once and shared. Bytes longer than 32 are decoded each time. An entry is
 * replaced by the next one that falls into its place, so memory never exceeds `entries` strings
 * of 32 bytes.
 */
export class StringPool {
  readonly #mask: number;
  readonly #strings: string[];
  readonly #lengths: Uint8Array;
  readonly #bytes: Uint8Array;

  /** `entries` is rounded up to a power of two; default 4,096. */
  constructor(entries = 4096) {
    let size = 16;
    while (size < entries) size *= 2;
    this.#mask = size - 1;
    this.#strings = new Array<string>(size).fill("");
    this.#lengths = new Uint8Array(size);
    this.#bytes = new Uint8Array(size * MAX_BYTES);
  }

  /** The string of the well-formed UTF-8 in `bytes[start, end)`. */
  get(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > MAX_BYTES) return decodeUtf8(bytes, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const entry = ((hash ^ (hash >>> 15)) & this.#mask) >>> 0;
    const base = entry * MAX_BYTES;
    const stored = this.#bytes;
    let same = this.#lengths[entry] === length;
    if (same) {
      for (let i = 0; i < length; i++) {
        if (stored[base + i] !== bytes[start + i]) {
          same = false;
          break;
        }
      }
      if (same) return this.#strings[entry]!;
    }
    const text = decodeUtf8(bytes, start, end);
    for (let i = 0; i < length; i++) stored[base + i] = bytes[start + i]!;
    this.#lengths[entry] = length;
    this.#strings[entry] = text;
    return text;
  }
}

const MAX_BYTES = 32;
