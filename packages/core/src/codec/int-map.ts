import { MillraceError } from "../errors.ts";

/**
 * A map from non-negative 32-bit integers (slots) to 32-bit integers (rows), by open addressing
 * over one typed array: 8 bytes an entry, load at most 0.6, no tombstones.
 */
export class IntMap {
  /** Pairs: key + 1 (0 is empty), value. */
  #table: Int32Array;
  #shift: number;
  #size = 0;
  #limit: number;

  /** `expected` entries fit without growing. */
  constructor(expected = 8) {
    const bits = bitsFor(expected);
    this.#table = new Int32Array(2 << bits);
    this.#shift = 32 - bits;
    this.#limit = Math.floor(2 ** bits * MAX_LOAD);
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#table.byteLength;
  }

  /** The value of a key, or -1. */
  get(key: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const tag = key + 1;
    for (let at = (Math.imul(key, GOLDEN) >>> this.#shift) << 1; ; at = (at + 2) & mask) {
      const found = table[at];
      if (found === tag) return table[at + 1];
      if (found === 0) return -1;
    }
  }

  has(key: number): boolean {
    return this.#find(key) >= 0;
  }

  /** Throws MILLRACE_USAGE for a key that is no integer from 0 to 2^31 - 2. */
  set(key: number, value: number): void {
    if (!(key >= 0 && key < 0x7fffffff && (key | 0) === key)) {
      throw new MillraceError("MILLRACE_USAGE", "codec int map", `${key} is no key; keys are integers from 0 to 2^31 - 2`);
    }
    const table = this.#table;
    const mask = table.length - 1;
    const tag = key + 1;
    let at = (Math.imul(key, GOLDEN) >>> this.#shift) << 1;
    for (; ; at = (at + 2) & mask) {
      const found = table[at];
      if (found === tag) {
        table[at + 1] = value;
        return;
      }
      if (found === 0) break;
    }
    table[at] = tag;
    table[at + 1] = value;
    if (++this.#size > this.#limit) this.#grow();
  }

  /** Whether the key was there. */
  delete(key: number): boolean {
    let hole = this.#find(key);
    if (hole < 0) return false;
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = (hole + 2) & mask; table[at] !== 0; at = (at + 2) & mask) {
      const home = (Math.imul(table[at] - 1, GOLDEN) >>> this.#shift) << 1;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        table[hole] = table[at]!;
        table[hole + 1] = table[at + 1]!;
        hole = at;
      }
    }
    table[hole] = 0;
    this.#size--;
    return true;
  }

  /** Removes everything and keeps the memory. */
  clear(): void {
    if (this.#size > 0) this.#table.fill(0);
    this.#size = 0;
  }

  /** Calls `visit` for each entry, in no order; the map must not change meanwhile. */
  forEach(visit: (key: number, value: number) => void): void {
    const table = this.#table;
    for (let at = 0; at < table.length; at += 2) {
      if (table[at] !== 0) visit(table[at] - 1, table[at + 1]);
    }
  }

  #find(key: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const tag = key + 1;
    for (let at = (Math.imul(key, GOLDEN) >>> this.#shift) << 1; ; at = (at + 2) & mask) {
      if (table[at] === tag) return at;
      if (table[at] === 0) return -1;
    }
  }

  #grow(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    const mask = table.length - 1;
    this.#shift--;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let at = (Math.imul(old[from] - 1, GOLDEN) >>> this.#shift) << 1;
      while (table[at] !== 0) at = (at + 2) & mask;
      table[at] = old[from]!;
      table[at + 1] = old[from + 1]!;
    }
    this.#table = table;
    this.#limit = Math.floor((table.length / 2) * MAX_LOAD);
  }
}

const MAX_LOAD = 0.6;
/** 2^32 divided by the golden ratio: multiplicative (Fibonacci) hashing, of which the high bits are used. */
const GOLDEN = 0x9e3779b1;

function bitsFor(expected: number): number {
  let bits = 4;
  while (2 ** bits * MAX_LOAD < expected) bits++;
  return bits;
}
