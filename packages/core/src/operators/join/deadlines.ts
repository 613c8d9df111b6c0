/** Key slots by deadline: a binary heap over typed arrays, 12 bytes an entry. */
export class Deadlines {
  #times = new Float64Array(256);
  #slots = new Int32Array(256);
  #count = 0;

  /** The earliest deadline; Infinity when there is none. */
  get next(): number {
    return this.#count === 0 ? Infinity : this.#times[0];
  }

  get size(): number {
    return this.#count;
  }

  get memoryBytes(): number {
    return this.#times.byteLength + this.#slots.byteLength;
  }

  push(time: number, slot: number): void {
    if (this.#count === this.#times.length) this.#grow();
    let at = this.#count++;
    const times = this.#times;
    const slots = this.#slots;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] <= time) break;
      times[at] = times[parent];
      slots[at] = slots[parent];
      at = parent;
    }
    times[at] = time;
    slots[at] = slot;
  }

  /** Takes the slot with the earliest deadline; -1 when there is none. */
  pop(): number {
    if (this.#count === 0) return -1;
    const times = this.#times;
    const slots = this.#slots;
    const first = slots[0];
    const count = --this.#count;
    const time = times[count];
    const slot = slots[count];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      times[at] = times[child];
      slots[at] = slots[child];
      at = child;
    }
    times[at] = time;
    slots[at] = slot;
    return first;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const slots = new Int32Array(this.#slots.length * 2);
    times.set(this.#times);
    slots.set(this.#slots);
    this.#times = times;
    this.#slots = slots;
  }
}
