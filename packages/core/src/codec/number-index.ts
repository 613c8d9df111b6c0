/**
 * From finite numbers to slots, by open addressing on the bits of the float64: 12 bytes an entry,
 * load at most 0.6, no tombstones. -0 and 0 are one key.
 */
export class NumberIndex {
  /** Triples: low word, high word, slot + 1 (0 is empty). */
  #table = new Int32Array(0);
  #shift = 0;
  #mask = 0;
  #size = 0;
  #limit = 0;

  constructor() {
    this.clear();
  }

  get memoryBytes(): number {
    return this.#table.byteLength;
  }

  /** The slot of a number, or -1. */
  get(key: number): number {
    floats[0] = key + 0;
    const low = words[0];
    const high = words[1];
    const table = this.#table;
    const mask = this.#mask;
    for (let bucket = mix(low, high) >>> this.#shift; ; bucket = (bucket + 1) & mask) {
      const at = bucket * 3;
      const slot = table[at + 2];
      if (slot === 0) return -1;
      if (table[at] === low && table[at + 1] === high) return slot - 1;
    }
  }

  /** Adds a number that is not there yet. */
  add(key: number, slot: number): void {
    floats[0] = key + 0;
    this.#insert(words[0], words[1], slot + 1);
    if (++this.#size > this.#limit) this.#grow();
  }

  /** Removes a number that is there. */
  delete(key: number): void {
    floats[0] = key + 0;
    const low = words[0];
    const high = words[1];
    const table = this.#table;
    const mask = this.#mask;
    let hole = mix(low, high) >>> this.#shift;
    while (table[hole * 3] !== low || table[hole * 3 + 1] !== high || table[hole * 3 + 2] === 0) hole = (hole + 1) & mask;
    for (let bucket = (hole + 1) & mask; table[bucket * 3 + 2] !== 0; bucket = (bucket + 1) & mask) {
      const home = mix(table[bucket * 3], table[bucket * 3 + 1]) >>> this.#shift;
      if (((bucket - home) & mask) >= ((bucket - hole) & mask)) {
        table.copyWithin(hole * 3, bucket * 3, bucket * 3 + 3);
        hole = bucket;
      }
    }
    table[hole * 3 + 2] = 0;
    this.#size--;
  }

  clear(): void {
    this.#setCapacity(INITIAL_BITS);
    this.#size = 0;
  }

  #setCapacity(bits: number): void {
    this.#table = new Int32Array(3 * 2 ** bits);
    this.#mask = 2 ** bits - 1;
    this.#shift = 32 - bits;
    this.#limit = Math.floor(2 ** bits * MAX_LOAD);
  }

  #insert(low: number, high: number, tag: number): void {
    const table = this.#table;
    let bucket = mix(low, high) >>> this.#shift;
    while (table[bucket * 3 + 2] !== 0) bucket = (bucket + 1) & this.#mask;
    table[bucket * 3] = low;
    table[bucket * 3 + 1] = high;
    table[bucket * 3 + 2] = tag;
  }

  #grow(): void {
    const old = this.#table;
    this.#setCapacity(33 - this.#shift);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] !== 0) this.#insert(old[at], old[at + 1], old[at + 2]);
    }
  }
}

const MAX_LOAD = 0.6;
const INITIAL_BITS = 4;

const floats = new Float64Array(1);
const words = new Int32Array(floats.buffer);

/** A hash of a number's bits, well spread over 32 bits. */
export function mixNumber(number: number): number {
  floats[0] = number;
  return mix(words[0], words[1]);
}

function mix(low: number, high: number): number {
  const sum = (Math.imul(low, 0x85ebca6b) + Math.imul(high, 0xc2b2ae35)) | 0;
  return Math.imul(sum ^ (sum >>> 15), 0x9e3779b1);
}
