import type { CallSignal } from "../../contracts/signal.ts";

/** What a call of `mapAsync` is told. */
export interface Call {
  /** Aborted when the attempt has run out of time: hand it to `fetch` and the like. */
  readonly signal: CallSignal;
  /**
   * The idempotency key: the same for every attempt and for every repeat after a crash, under every
   * plan. Atoms with equal values and event times have equal keys, unless `identity` tells them apart.
   */
  readonly key: string;
  /** 1 for the first attempt; starts again at 1 when a call is repeated after a crash. */
  readonly attempt: number;
}

interface Controller {
  readonly signal: CallSignal;
  abort(reason: unknown): void;
}

declare const AbortController: new () => Controller;

export function newController(): Controller {
  return new AbortController();
}
