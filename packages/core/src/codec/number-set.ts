import { mixNumber } from "./number-index.ts";

/** Finite numbers, -0 and 0 being one: by open addressing, 8 bytes an entry at a load of at most 0.75. */
export class NumberSet {
  /** NaN: empty. */
  #table = new Float64Array(INITIAL).fill(Number.NaN);
  #shift = 32 - INITIAL_BITS;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#table.byteLength;
  }

  /** Adds a number; false where it is there already. */
  add(number: number): boolean {
    const table = this.#table;
    const mask = table.length - 1;
    const key = number + 0;
    let at = mixNumber(key) >>> this.#shift;
    for (let there = table[at]; there === there; there = table[at]) {
      if (there === key) return false;
      at = (at + 1) & mask;
    }
    table[at] = key;
    if (++this.#size * 4 > table.length * 3) this.#resize(table.length * 2);
    return true;
  }

  /** Adds numbers; makes room first: in the order of another set they would crowd a small table. */
  addAll(numbers: Float64Array): void {
    let capacity = this.#table.length;
    while ((this.#size + numbers.length) * 4 > capacity * 3) capacity *= 2;
    if (capacity > this.#table.length) this.#resize(capacity);
    for (const number of numbers) this.add(number);
  }

  /** All numbers, in no order. */
  values(): Float64Array {
    return this.#table.filter((number) => number === number);
  }

  #resize(capacity: number): void {
    const old = this.#table;
    const table = new Float64Array(capacity).fill(Number.NaN);
    const mask = capacity - 1;
    this.#shift = Math.clz32(capacity - 1);
    for (const number of old) {
      if (number !== number) continue;
      let at = mixNumber(number) >>> this.#shift;
      while (table[at] === table[at]) at = (at + 1) & mask;
      table[at] = number;
    }
    this.#table = table;
  }
}

const INITIAL_BITS = 4;
const INITIAL = 2 ** INITIAL_BITS;
