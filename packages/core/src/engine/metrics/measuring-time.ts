declare const performance: { readonly timeOrigin: number; now(): number };

/** Epoch milliseconds with fractions, for measuring only: never set back in a thread, and comparable between threads. */
export function measuringTime(): number {
  return performance.timeOrigin + performance.now();
}
