import type { Batch } from "../../contracts/batch.ts";
import type { JoinKind, JoinNode } from "../../graph/nodes.ts";
import { LAST_TIME } from "../../time/event-time.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import { isBetween, type Slicing } from "../window/slicing.ts";
import { giveLate, Pairs } from "./pairs.ts";
import { WindowRows } from "./window-rows.ts";

/**
 * Pairs of one key and window, made when the watermark reaches the window's end. An atom is kept
 * once, in its slice of event time, however many windows it lies in; one that is late for all of
 * them, by its stamp, goes to its side's late output; one between windows is in none, and not late.
 */
export class WindowJoin implements Operator {
  readonly tables: readonly WindowRows[];
  readonly #context: OperatorContext;
  readonly #join: JoinKind;
  readonly #slicing: Slicing;
  readonly #keys: KeySpace;
  readonly #pairs: Pairs;
  readonly #left: WindowRows;
  readonly #right: WindowRows;
  /** Ends of windows that hold something and have not fired. */
  readonly #open = new Set<number>();
  #watermark = -Infinity;

  constructor(node: JoinNode, slicing: Slicing, keys: KeySpace, context: OperatorContext) {
    this.#context = context;
    this.#join = node.join;
    this.#slicing = slicing;
    this.#keys = keys;
    this.#pairs = new Pairs(node.by, context);
    this.#left = new WindowRows("left", slicing, keys);
    this.#right = new WindowRows("right", slicing, keys);
    this.tables = [this.#left, this.#right];
  }

  process(input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    const { slots } = batch.keys;
    const side = this.tables[input];
    const { slide } = this.#slicing.windows[0];
    const late: number[] = [];
    forEachRow(batch, this.#context, (at) => {
      const stamp = batch.stamps[at];
      const start = this.#slicing.sliceStart(batch.times[at]);
      if (this.#slicing.gaps && isBetween(this.#slicing.windows[0], start)) return;
      const last = this.#slicing.lastEnd(start);
      if (last <= stamp) {
        late.push(at);
        return;
      }
      let minEnd = this.#slicing.windows[0].firstEnd(start);
      while (minEnd <= stamp) minEnd += slide;
      side.add(slots[at], start, minEnd, batch.rows.get(at));
      this.#openWindows(minEnd, last);
    });
    giveLate(this.#context, input, batch, late);
  }

  advance(watermark: number): void {
    this.#watermark = watermark;
    const due = [...this.#open].filter((end) => end <= watermark).sort((a, b) => a - b);
    if (due.length === 0) return;
    for (const end of due) {
      this.#fire(end);
      this.#open.delete(end);
    }
    this.#pairs.emit();
    this.#dropSlices();
  }

  restored(watermark: number): void {
    this.#watermark = watermark;
    this.#dropSlices();
    for (const side of this.tables) {
      for (const start of side.starts()) this.#openWindows(this.#slicing.windows[0].firstEnd(start), this.#slicing.lastEnd(start));
    }
  }

  #openWindows(first: number, last: number): void {
    const { slide } = this.#slicing.windows[0];
    for (let end = first; end <= last; end += slide) {
      if (end > this.#watermark) this.#open.add(end);
      if (end === Infinity) break;
    }
  }

  #fire(end: number): void {
    const { size } = this.#slicing.windows[0];
    const start = size === Infinity ? -Infinity : end - size;
    const lefts = new Map<number, unknown[]>();
    const rights = new Map<number, unknown[]>();
    this.#left.gather(start, end, lefts);
    this.#right.gather(start, end, rights);
    const window = { start, end };
    const time = end === Infinity ? LAST_TIME : end - 1;
    for (const slot of this.#firing(lefts, rights)) {
      for (const left of lefts.get(slot) ?? NOTHING) {
        for (const right of rights.get(slot) ?? NOTHING) this.#pairs.add(left, right, time, time, window);
      }
    }
  }

  /** The keys that give results, in the order of their bytes. */
  #firing(lefts: ReadonlyMap<number, unknown>, rights: ReadonlyMap<number, unknown>): number[] {
    const slots = new Set<number>();
    for (const slot of lefts.keys()) if (rights.has(slot) || this.#join === "left" || this.#join === "full") slots.add(slot);
    for (const slot of rights.keys()) if (lefts.has(slot) || this.#join === "right" || this.#join === "full") slots.add(slot);
    return [...slots].sort((a, b) => this.#keys.compare(a, b));
  }

  #dropSlices(): void {
    for (const side of this.tables) {
      for (const start of [...side.starts()]) if (this.#slicing.lastEnd(start) <= this.#watermark) side.drop(start);
    }
  }
}

/** A side without rows in an outer join: one partner that is not there. */
const NOTHING: readonly unknown[] = [undefined];
