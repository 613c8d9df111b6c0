import type { Clock } from "../../contracts/clock.ts";

/** Knows how long all partitions of an instance have had nothing to do, and what happens while they are being closed. */
export class Rest {
  readonly #clock: Clock;
  readonly #after: number;
  readonly #expired: () => void;
  readonly #resting = new Set<string>();
  #cancel: (() => void) | undefined;
  /** Partitions are open; being closed; closed. */
  #state: "open" | "closing" | "closed" = "open";
  #isWanted = false;
  #lastWanted = -Infinity;

  /** Calls `expired` when all have rested for `after` ms. */
  constructor(clock: Clock, after: number, expired: () => void) {
    this.#clock = clock;
    this.#after = after;
    this.#expired = expired;
  }

  /** A partition rests or does not; `open` is how many there are that have not finished. */
  tell(partition: string, resting: boolean, open: number): void {
    if (this.#after === Infinity || this.#state !== "open") return;
    if (resting) this.#resting.add(partition);
    else this.#resting.delete(partition);
    this.#stopTimer();
    if (this.#resting.size >= open) this.#cancel = this.#clock.at(this.#clock.now() + this.#after, this.#expired);
  }

  /** Whether partitions are open and stay so for now. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Something is there to do. True where nobody is open to do it. */
  wanted(): boolean {
    if (this.#state === "closed") return true;
    this.#lastWanted = this.#clock.now();
    if (this.#state === "closing") this.#isWanted = true;
    return false;
  }

  /** Partitions are about to be closed. False where they are already, or where they may not yet know of what came up: then it is tried again. */
  begin(): boolean {
    if (this.#state !== "open") return false;
    const again = this.#lastWanted + this.#after;
    if (this.#clock.now() < again) {
      this.#stopTimer();
      this.#cancel = this.#clock.at(again, this.#expired);
      return false;
    }
    this.#state = "closing";
    return true;
  }

  /** Partitions are about to be closed, to be opened elsewhere. False where they are closed already. */
  hold(): boolean {
    if (this.#state !== "open") return false;
    this.#stopTimer();
    this.#state = "closing";
    return true;
  }

  /** Partitions are closed; calls back at `wakeAt`. True where something has come up meanwhile. */
  rests(wakeAt: number, wake: () => void): boolean {
    this.#state = "closed";
    if (this.#isWanted) return true;
    this.#cancel = wakeAt === Infinity ? undefined : this.#clock.at(wakeAt, wake);
    return false;
  }

  /** Partitions are open again, or never will be. */
  end(): void {
    this.#stopTimer();
    this.#resting.clear();
    this.#state = "open";
    this.#isWanted = false;
  }

  #stopTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
