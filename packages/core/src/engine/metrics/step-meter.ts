import type { Measured } from "../../contracts/measured.ts";
import { measuringTime } from "./measuring-time.ts";

/** Counts what a partition does within a step, per chunk and never per atom. */
export class StepMeter {
  late = 0;
  dead = 0;
  retries = 0;
  atomsOut = 0;
  atomsSent = 0;
  #atomsIn = 0;
  #atomsRead = 0;
  #bytesRead = 0;
  #reads = 0;
  #since: number[] = [];
  readonly #positions = new Map<string, number>();
  #oldest = Infinity;
  #begun = Number.NaN;

  /** A step begins, unless one is under way already. */
  begin(): void {
    if (this.#begun !== this.#begun) this.#begun = measuringTime();
  }

  /** Nothing was to be done. */
  cancel(): void {
    this.#begun = Number.NaN;
  }

  /** A chunk of a source was taken in; `since`: when its atoms had been appended, where that is known. */
  chunk(count: number, bytes: number, since: number | undefined): void {
    this.#atomsRead += count;
    this.#bytesRead += bytes;
    this.batch(count, since ?? measuringTime());
  }

  /** A split of a topic in the store is done up to an offset. */
  position(split: string, next: number): void {
    this.#positions.set(split, next);
  }

  /** A batch of a link was taken in. */
  batch(count: number, since: number): void {
    this.#atomsIn += count;
    this.#reads++;
    if (since < this.#oldest) this.#oldest = since;
    if (count > 0) this.#since.push(count, since);
  }

  /** Since when the oldest of what the step took in has been under way; where it took in nothing, the step's begin. */
  get since(): number {
    return this.#oldest < Infinity ? this.#oldest : this.#begun;
  }

  /** What the step did, at its end; the next one counts anew. */
  take(): Measured {
    const measured: Measured = {
      atomsIn: this.#atomsIn,
      atomsRead: this.#atomsRead,
      bytesRead: this.#bytesRead,
      reads: this.#reads,
      atomsOut: this.atomsOut,
      atomsSent: this.atomsSent,
      late: this.late,
      dead: this.dead,
      retries: this.retries,
      busy: this.#begun === this.#begun ? measuringTime() - this.#begun : 0,
      since: this.#since,
      positions: this.#positions.size === 0 ? NO_POSITIONS : [...this.#positions].map(([split, next]) => ({ split, next })),
    };
    this.#positions.clear();
    this.#since = [];
    this.#oldest = Infinity;
    this.#begun = Number.NaN;
    this.late = this.dead = this.retries = this.atomsOut = this.atomsSent = 0;
    this.#atomsIn = this.#atomsRead = this.#bytesRead = this.#reads = 0;
    return measured;
  }
}

const NO_POSITIONS: Measured["positions"] = [];
