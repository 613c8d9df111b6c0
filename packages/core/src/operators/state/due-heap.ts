/** Things that become due at a time, earliest first: a binary heap over typed arrays. */
export class DueHeap {
  #times = new Float64Array(64);
  #ids = new Int32Array(64);
  #size = 0;

  /** The time of the earliest; Infinity when there is none. */
  get earliest(): number {
    return this.#size > 0 ? this.#times[0] : Infinity;
  }

  get size(): number {
    return this.#size;
  }

  push(time: number, id: number): void {
    if (this.#size === this.#times.length) this.#grow();
    let at = this.#size++;
    const times = this.#times;
    const ids = this.#ids;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (times[parent] <= time) break;
      times[at] = times[parent];
      ids[at] = ids[parent];
      at = parent;
    }
    times[at] = time;
    ids[at] = id;
  }

  /** Takes the earliest away and gives its id; -1 when there is none. */
  pop(): number {
    if (this.#size === 0) return -1;
    const times = this.#times;
    const ids = this.#ids;
    const popped = ids[0];
    const last = --this.#size;
    const time = times[last];
    const id = ids[last];
    let at = 0;
    for (let child = 1; child < last; child = at * 2 + 1) {
      if (child + 1 < last && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      times[at] = times[child];
      ids[at] = ids[child];
      at = child;
    }
    times[at] = time;
    ids[at] = id;
    return popped;
  }

  clear(): void {
    this.#size = 0;
  }

  get memoryBytes(): number {
    return this.#times.byteLength + this.#ids.byteLength;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
    const ids = new Int32Array(this.#ids.length * 2);
    ids.set(this.#ids);
    this.#ids = ids;
  }
}
