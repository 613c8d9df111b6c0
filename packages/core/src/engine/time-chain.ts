import type { LaneProgress, TimeChain } from "./source-input.ts";

interface Split {
  /** Largest event time of each chunk that is known but not yet part of the prefix. */
  readonly own: Map<number, number>;
  readonly waiting: Map<number, (before: number) => void>;
  /** The prefix is known for chunks up to `next`: `before` is the largest time of all chunks before it. */
  next: number;
  before: number;
}

/**
 * Chains the largest event times of chunks that several lanes parse in parallel, so that stamps are
 * those of reading the split in order.
 */
export class PrefixChain implements TimeChain {
  readonly #splits = new Map<string, Split>();

  /** Takes up where committed lanes left off; all lanes of a split must be given before any chunk of it. */
  restore(lanes: readonly LaneProgress[]): void {
    const bySplit = Map.groupBy(lanes, (lane) => lane.split);
    for (const [split, of] of bySplit) {
      const recent = of.flatMap((lane) => lane.recent).sort((a, b) => a.index - b.index);
      if (recent.length === 0) continue;
      // Chunks below the smallest next of the lanes are all done; the latest of them has the prefix.
      const first = Math.min(...of.map((lane) => (lane.ended ? Infinity : lane.next)));
      const done = recent.filter(({ index }) => index < first);
      const last = done.at(-1) ?? recent[0];
      const state: Split = {
        own: new Map(recent.filter(({ index }) => index > last.index).map(({ index, max }) => [index, max])),
        waiting: new Map(),
        next: last.index + 1,
        before: Math.max(last.before, last.max),
      };
      this.#splits.set(split, state);
      advance(state);
    }
  }

  before(split: string, index: number, max: number): Promise<number> {
    let state = this.#splits.get(split);
    if (state === undefined) this.#splits.set(split, (state = { own: new Map(), waiting: new Map(), next: 0, before: -Infinity }));
    const { promise, resolve } = Promise.withResolvers<number>();
    state.own.set(index, max);
    state.waiting.set(index, resolve);
    advance(state);
    return promise;
  }
}

function advance(state: Split): void {
  for (let max = state.own.get(state.next); max !== undefined; max = state.own.get(state.next)) {
    state.waiting.get(state.next)?.(state.before);
    state.waiting.delete(state.next);
    state.own.delete(state.next);
    state.before = Math.max(state.before, max);
    state.next++;
  }
}
