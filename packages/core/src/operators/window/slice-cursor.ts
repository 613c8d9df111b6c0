import type { Slicing } from "./slicing.ts";

/** The slice of one atom after the other: atoms that follow each other mostly share it, so it is seldom asked for. */
export class SliceCursor {
  readonly #slicing: Slicing;
  /** Where the slice begins. */
  start = Number.NaN;
  /** When the first of the windows that share slices has had its last window with the slice: no atom is late for any with a stamp below. */
  firstOver = Number.NaN;
  /** Times in [from, to) lie in the slice. */
  #from = Number.NaN;
  #to = Number.NaN;

  constructor(slicing: Slicing) {
    this.#slicing = slicing;
  }

  /** Goes to the slice in which a time lies. */
  move(time: number): void {
    if (time >= this.#from && time < this.#to) return;
    const { sliceStart, even, width, windows } = this.#slicing;
    this.start = sliceStart(time);
    this.#from = even ? this.start : Number.NaN;
    this.#to = this.#from === -Infinity ? Infinity : this.#from + width;
    this.firstOver = Infinity;
    for (const { lastEnd } of windows) this.firstOver = Math.min(this.firstOver, lastEnd(this.start));
  }
}
