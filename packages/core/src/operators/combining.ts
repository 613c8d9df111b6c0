/** So many commits rows are sent as they are before combining is tried again; each time that it does not pay, twice as many. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 32;

/**
 * Whether to combine rows before they cross an exchange, which pays where a commit has several for
 * each result. Where the last commits had too few, rows are sent as they are for some commits.
 */
export class Combining {
  readonly #worth: number;
  #rows = 0;
  #passed = false;
  #pause = FIRST_PAUSE;
  #left = 0;

  /** It pays from so many rows for each result on. */
  constructor(worth: number) {
    this.#worth = worth;
  }

  /** Whether rows are to be combined until the next commit. */
  get pays(): boolean {
    return this.#left === 0;
  }

  /** Rows were combined. */
  combined(rows: number): void {
    this.#rows += rows;
  }

  /** Rows were sent as they are. */
  passed(): void {
    this.#passed = true;
  }

  /** A commit: what was combined since the last has come to so many results. */
  flushed(results: number): void {
    if (this.#passed) {
      this.#passed = false;
      if (this.#left > 0) this.#left--;
    }
    if (this.#rows === 0) return;
    if (this.#rows >= results * this.#worth) {
      this.#pause = FIRST_PAUSE;
    } else {
      this.#left = this.#pause;
      this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
    }
    this.#rows = 0;
  }
}
