import type { LaneProgress, TimeChain } from "./source-input.ts";

interface Split {
  /** Largest event time of each chunk that is known but not yet part of the prefix. */
  readonly own: Map<number, number>;
  readonly waiting: Map<number, (before: number) => void>;
  /** What was answered for the latest chunks of the prefix: a lane that starts again asks again. */
  readonly passed: Map<number, number>;
  /** The prefix is known for chunks up to `next`: `before` is the largest time of all chunks before it. */
  next: number;
  before: number;
}

/** More than all lanes together can have read and not committed. */
const REMEMBERED_CHUNKS = 4096;

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
      const state: Split = { own: new Map([...own].filter(([index]) => index >= next)), waiting: new Map(), passed: new Map(), next, before };
      this.#splits.set(split, state);
      advance(state);
    }
  }

  before(split: string, index: number, max: number): Promise<number> {
    let state = this.#splits.get(split);
    if (state === undefined) this.#splits.set(split, (state = { own: new Map(), waiting: new Map(), passed: new Map(), next: 0, before: -Infinity }));
    const known = state.passed.get(index);
    if (known !== undefined) return Promise.resolve(known);
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

function advance(state: Split): void {
  for (let max = state.own.get(state.next); max !== undefined; max = state.own.get(state.next)) {
    state.waiting.get(state.next)?.(state.before);
    state.waiting.delete(state.next);
    state.passed.set(state.next, state.before);
    state.passed.delete(state.next - REMEMBERED_CHUNKS);
    state.own.delete(state.next);
    state.before = Math.max(state.before, max);
    state.next++;
  }
}
