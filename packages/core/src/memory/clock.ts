import type { Clock } from "../contracts/clock.ts";

declare function setTimeout(callback: () => void, milliseconds: number): unknown;
declare function clearTimeout(timer: unknown): void;
/** Where there is one, as in Node, it comes round sooner than a timer. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined;

/** Timers take a 32-bit delay; what is further away is armed again on the way. */
const LONGEST_DELAY = 0x7fff_ffff;

/**
 * The machine's own time (Date.now and setTimeout). A callback never runs before its time, also
 * where the wall clock was set back meanwhile; an `at` in the past runs in the next turn.
 */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    at(at, callback) {
      if (at === Infinity) return () => {};
      let timer: unknown;
      const arm = (): void => {
        timer = setTimeout(fire, Math.min(Math.max(0, at - Date.now()), LONGEST_DELAY));
      };
      const fire = (): void => {
        if (Date.now() < at) arm();
        else callback();
      };
      arm();
      return () => clearTimeout(timer);
    },
    turn,
  };
}

export interface VirtualClock extends Clock {
  /** Moves time on by `milliseconds`; see `advanceTo`. */
  advance(milliseconds: number): void;
  /**
   * Moves time to `time` and runs, in order of their times (then of their registration), all
   * callbacks due by then; each sees its own time as `now()`. What a callback registers for at or
   * before `time` runs too. Synchronous; going back is an error (RangeError).
   */
  advanceTo(time: number): void;
  /** Time of the earliest waiting callback; Infinity when none waits. */
  next(): number;
}

/** A clock that stands still until a test moves it. Starts at `start` (epoch milliseconds). */
export function virtualClock(start = 0): VirtualClock {
  let time = start;
  let registered = 0;
  const waiting: Timer[] = [];

  const advanceTo = (target: number): void => {
    if (!(target >= time)) throw new RangeError(`virtual clock: cannot go from ${time} back to ${target}`);
    while (waiting.length > 0 && waiting[0].at <= target) {
      const timer = pop(waiting);
      if (timer.cancelled) continue;
      time = Math.max(time, timer.at);
      timer.cancelled = true;
      timer.callback();
    }
    time = target;
  };

  return {
    now: () => time,
    at(at, callback) {
      const timer: Timer = { at, order: registered++, callback, cancelled: false };
      if (at !== Infinity) push(waiting, timer);
      return () => {
        timer.cancelled = true;
      };
    },
    turn,
    advance: (milliseconds) => advanceTo(time + milliseconds),
    advanceTo,
    next() {
      while (waiting.length > 0 && waiting[0].cancelled) pop(waiting);
      return waiting.length === 0 ? Infinity : waiting[0].at;
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let place = heap.length;
  heap.push(timer);
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!before(timer, heap[parent])) break;
    heap[place] = heap[parent];
    place = parent;
  }
  heap[place] = timer;
}

function pop(heap: Timer[]): Timer {
  const top = heap[0];
  const last = heap.pop() ?? top;
  if (heap.length === 0) return top;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = last;
  return top;
}
