/** Where all code takes time from. Processing time in epoch milliseconds. */
export interface Clock {
  now(): number;
  /** Calls back once, at or after `at`; the result cancels. */
  at(at: number, callback: () => void): () => void;
  /** Resolves once other work of the thread (I/O, timers, signals) has had its turn; takes no time of the clock. */
  turn(): Promise<void>;
}
