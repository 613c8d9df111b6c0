import { MillraceError } from "../errors.ts";
import type { LaneProgress, TimeChain } from "./source-input.ts";

interface Split {
  /** Largest event time of each chunk that is known but not yet part of the prefix. */
  readonly own: Map<number, number>;
  readonly waiting: Map<number, (before: number) => void>;
  /** The prefix is known for chunks up to `next`: `before` is the largest time of all chunks before it. */
  next: number;
  before: number;
  /** The largest time before each of the latest chunks of the prefix, by index mod its length. */
  readonly history: Float64Array;
  /** The first chunk that the history knows. */
  first: number;
}

/** How many chunks of a split may be read again after a failure: far more than a step and the one after it read. */
const HISTORY = 16_384;

/**
 * Chains the largest event times of chunks that several lanes parse in parallel, so that stamps are
 * those of reading the split in order.
 */
export class PrefixChain implements TimeChain {
  readonly #splits = new Map<string, Split>();

  /** Takes up where committed lanes left off; all lanes of a split must be given before any chunk of it. */
  restore(lanes: readonly LaneProgress[]): void {
    for (const [split, of] of Map.groupBy(lanes, (lane) => lane.split)) {
      const own = new Map(of.flatMap((lane) => lane.recent).map(({ index, max }) => [index, max]));
      const { next, before } = prefixOf(of);
      const state = newSplit(next, before);
      for (const [index, max] of own) if (index >= next) state.own.set(index, max);
      this.#splits.set(split, state);
      advance(state);
    }
  }

  before(split: string, index: number, max: number): Promise<number> {
    let state = this.#splits.get(split);
    if (state === undefined) this.#splits.set(split, (state = newSplit(0, -Infinity)));
    if (index < state.next) {
      if (index >= state.first) return Promise.resolve(state.history[index % HISTORY]);
      return Promise.reject(new MillraceError("MILLRACE_INVARIANT", `split ${split}`, `chunk ${index} is read again after chunk ${state.next - 1}, too far behind it`));
    }
    const { promise, resolve } = Promise.withResolvers<number>();
    state.own.set(index, max);
    state.waiting.set(index, resolve);
    advance(state);
    return promise;
  }
}

/** The first chunk that is not done by one of a split's lanes, and the largest event time before it. */
export function prefixOf(lanes: readonly LaneProgress[]): { readonly next: number; readonly before: number } {
  const missing = lanes.length < lanes[0].lanes;
  const next = missing ? 0 : Math.min(...lanes.map(nextOf));
  if (next === 0) return { next, before: -Infinity };
  if (lanes.length === 1) return { next, before: lanes[0].maxTime };
  const last = lanes.flatMap((lane) => lane.recent).find(({ index }) => index === next - 1);
  // Without a chunk of its own yet, a lane still knows the prefix that it was given.
  return { next, before: last === undefined ? Math.min(...lanes.map(({ maxTime }) => maxTime)) : Math.max(last.before, last.max) };
}

/** The index of the chunk that a lane takes next. */
function nextOf({ lane, lanes, next, ended }: LaneProgress): number {
  return ended ? Infinity : next + ((((lane - next) % lanes) + lanes) % lanes);
}

function newSplit(next: number, before: number): Split {
  return { own: new Map(), waiting: new Map(), next, before, history: new Float64Array(HISTORY), first: next };
}

function advance(state: Split): void {
  for (let max = state.own.get(state.next); max !== undefined; max = state.own.get(state.next)) {
    state.waiting.get(state.next)?.(state.before);
    state.waiting.delete(state.next);
    state.own.delete(state.next);
    state.history[state.next % HISTORY] = state.before;
    state.before = Math.max(state.before, max);
    state.next++;
    if (state.next - state.first > HISTORY) state.first = state.next - HISTORY;
  }
}
