const SMALLEST = 16;

/** A set of 64-bit hashes by open addressing over one typed array; (0, 0) is taken as (0, 1). */
export class HashSet64 {
  size = 0;
  #slots = new Uint32Array(SMALLEST * 2);

  /** Says whether the hash was new. */
  add(high: number, low: number): boolean {
    if (high === 0 && low === 0) low = 1;
    high >>>= 0;
    low >>>= 0;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (low << 1) & mask;
    for (;;) {
      const slotLow = slots[at];
      const slotHigh = slots[at + 1];
      if (slotLow === low && slotHigh === high) return false;
      if (slotLow === 0 && slotHigh === 0) break;
      at = (at + 2) & mask;
    }
    slots[at] = low;
    slots[at + 1] = high;
    this.size++;
    if (this.size * 4 > slots.length) this.#grow();
    return true;
  }

  /** The hashes ascending, as pairs of low and high 32 bits. */
  sorted(): Uint32Array {
    const pairs = new Uint32Array(this.size * 2);
    let n = 0;
    for (let at = 0; at < this.#slots.length; at += 2) {
      if (this.#slots[at] === 0 && this.#slots[at + 1] === 0) continue;
      pairs[n++] = this.#slots[at];
      pairs[n++] = this.#slots[at + 1];
    }
    new BigUint64Array(pairs.buffer).sort();
    return pairs;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.size = 0;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0 || old[at + 1] !== 0) this.add(old[at + 1], old[at]);
    }
  }
}
