import { decodeUtf8 } from "./utf8.ts";

/**
 * A bounded cache from UTF-8 bytes to JS strings: strings that repeat (ids, names, categories) are
 * decoded once and shared. Bytes longer than 32 are decoded each time. A string has two possible
 * places; where both are taken one of them is replaced, so memory never exceeds `entries` strings.
 */
export class StringPool {
  readonly #mask: number;
  readonly #strings: string[];
  /** Per entry: its length, then up to 8 words that, with the length, say every byte. */
  readonly #words: Int32Array;
  #victim = 0;

  /** `entries` is rounded up to a power of two; default 8,192. */
  constructor(entries = 8192) {
    let size = 16;
    while (size < entries) size *= 2;
    this.#mask = size - 2;
    this.#strings = new Array<string>(size).fill("");
    this.#words = new Int32Array(size * STRIDE);
  }

  /** The string of the well-formed UTF-8 in `bytes[start, end)`. */
  get(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > 16) return length > 32 ? decodeUtf8(bytes, start, end) : this.#long(bytes, start, end);
    // Words overlap where the length is not a multiple of 4.
    let a = 0, b = 0, c = 0, d = 0;
    if (length > 8) {
      a = word(bytes, start);
      b = word(bytes, start + 4);
      c = word(bytes, end - 8);
      d = word(bytes, end - 4);
    } else if (length >= 4) {
      a = word(bytes, start);
      b = word(bytes, end - 4);
    } else if (length > 0) {
      a = bytes[start] | (bytes[start + (length >> 1)] << 8) | (bytes[end - 1] << 16);
    } else {
      return "";
    }
    const sum = Math.imul(a, M1) + Math.imul(b, M2) + Math.imul(c, M3) + Math.imul(d, M4);
    const mixed = Math.imul(sum ^ (sum >>> 15), M2);
    const set = (mixed ^ (mixed >>> 16)) & this.#mask;
    const words = this.#words;
    for (let entry = set; entry <= set + 1; entry++) {
      const at = entry * STRIDE;
      if (
        words[at] === length &&
        words[at + 1] === a && words[at + 2] === b && words[at + 3] === c && words[at + 4] === d
      ) {
        return this.#strings[entry];
      }
    }
    const at = this.#evict(set) * STRIDE;
    words[at] = length;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    words[at + 4] = d;
    return (this.#strings[at / STRIDE] = decodeUtf8(bytes, start, end));
  }

  #long(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    const a = word(bytes, start), b = word(bytes, start + 4), c = word(bytes, start + 8), d = word(bytes, start + 12);
    const e = word(bytes, end - 16), f = word(bytes, end - 12), g = word(bytes, end - 8), h = word(bytes, end - 4);
    const sum =
      Math.imul(a, M1) + Math.imul(b, M2) + Math.imul(c, M3) + Math.imul(d, M4) +
      Math.imul(e, M5) + Math.imul(f, M6) + Math.imul(g, M7) + Math.imul(h, M8);
    const mixed = Math.imul(sum ^ (sum >>> 15), M2);
    const set = (mixed ^ (mixed >>> 16)) & this.#mask;
    const words = this.#words;
    for (let entry = set; entry <= set + 1; entry++) {
      const at = entry * STRIDE;
      if (
        words[at] === length &&
        words[at + 1] === a && words[at + 2] === b && words[at + 3] === c && words[at + 4] === d &&
        words[at + 5] === e && words[at + 6] === f && words[at + 7] === g && words[at + 8] === h
      ) {
        return this.#strings[entry];
      }
    }
    const at = this.#evict(set) * STRIDE;
    words[at] = length;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    words[at + 4] = d;
    words[at + 5] = e;
    words[at + 6] = f;
    words[at + 7] = g;
    words[at + 8] = h;
    return (this.#strings[at / STRIDE] = decodeUtf8(bytes, start, end));
  }

  #evict(set: number): number {
    this.#victim ^= 1;
    return this.#words[set * STRIDE] === 0 ? set : set + this.#victim;
  }
}

const STRIDE = 9;
const M1 = 0x9e3779b1, M2 = 0x85ebca6b, M3 = 0xc2b2ae35, M4 = 0x27d4eb2f;
const M5 = 0x165667b1, M6 = 0xd3a2646d, M7 = 0xfd7046c5, M8 = 0xb55a4f09;

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
