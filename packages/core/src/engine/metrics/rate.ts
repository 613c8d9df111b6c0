const SECONDS = 10;

/** How many a second, over the last ten seconds, in steps of a second. */
export class Rate {
  /** One more than is asked for: the second that is under way. */
  readonly #counts = new Float64Array(SECONDS + 1);
  #second = 0;
  #first: number | undefined;

  /** `now` in ms; never goes back. */
  add(count: number, now: number): void {
    this.#turn(now);
    this.#first ??= now;
    this.#counts[this.#second % this.#counts.length] += count;
  }

  /** Per second; over the time since the first was added where that is less than ten seconds ago. */
  perSecond(now: number): number {
    if (this.#first === undefined) return 0;
    this.#turn(now);
    let sum = 0;
    for (const count of this.#counts) sum += count;
    const windowed = SECONDS + (now / 1000 - this.#second);
    return sum / Math.max(1, Math.min(windowed, (now - this.#first) / 1000));
  }

  #turn(now: number): void {
    const second = Math.floor(now / 1000);
    if (second - this.#second > SECONDS) this.#counts.fill(0);
    else for (let past = this.#second + 1; past <= second; past++) this.#counts[past % this.#counts.length] = 0;
    this.#second = Math.max(this.#second, second);
  }
}
