import { DRAIN_SECONDS, neededShare, type StageLoad } from "./desired-instances.ts";

/** Rates are those of so many looks. */
const LOOKS = 5;
/** From fewer looks, or from less work than this share of an instance, nothing is learned of what one can do. */
const LEAST_LOOKS = 3;
const LEAST_SHARE = 0.05;

/** What is seen of stages that share limits, between two looks. */
export interface Look {
  /** Time of the clock, ms. */
  readonly now: number;
  /** How long it was since the last look, in seconds. */
  readonly seconds: number;
  /** Instances they had. */
  readonly instances: number;
  /** Seconds for which these had something to do, added up. */
  readonly busy: number;
  readonly atoms: number;
  readonly backlog: number;
}

/** Measures what stages have to do and how much of it an instance can, and remembers what they needed lately. */
export class LoadMeter {
  readonly #keep: number;
  #looks: Look[] = [];
  #backlog = 0;
  #capacity: number | undefined;
  /** What was needed, falling, with the time of it: the first is the largest of the time that is kept. */
  #needed: { readonly at: number; readonly needed: number }[] = [];

  /** `keep`: for how long what was needed counts, ms. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  /** Looks again. Before the first atom state was being loaded: what was done then says nothing of what can be. */
  add(look: Look): void {
    this.#backlog = look.backlog;
    if (look.atoms > 0 || this.#looks.length > 0) this.#looks.push(look);
    if (this.#looks.length > LOOKS) this.#looks.shift();
    this.#measure(look);
    const needed = neededShare(this.load(true));
    while (this.#needed.length > 0 && this.#needed[this.#needed.length - 1].needed <= needed) this.#needed.pop();
    this.#needed.push({ at: look.now, needed });
    while (this.#needed[0].at < look.now - this.#keep) this.#needed.shift();
  }

  /** What there is to do, as far as the last looks tell. `due`: whether anything is. */
  load(due: boolean): StageLoad {
    const { seconds, atoms } = this.#sums;
    return { backlog: this.#backlog, rate: seconds > 0 ? atoms / seconds : 0, capacity: this.#capacity, due };
  }

  /** The largest share of instances that was needed in the time that is kept. */
  get recently(): number {
    return this.#needed.at(0)?.needed ?? 0;
  }

  /** All rest: what was needed counts no more. What an instance can do is remembered. */
  rest(): void {
    this.#looks = [];
    this.#backlog = 0;
    this.#needed = [];
  }

  /** What an instance can do is what it did in the time it was busy; one that leaves much waiting is, even where it only waits for others. */
  #measure({ backlog }: Look): void {
    const { seconds, atoms, busy, instances } = this.#sums;
    if (this.#looks.length < LEAST_LOOKS || atoms === 0) return;
    const full = backlog > (atoms / seconds) * DRAIN_SECONDS;
    const used = full ? instances : busy;
    if (used >= LEAST_SHARE * seconds) this.#capacity = atoms / used;
  }

  /** `instances` in instance seconds. */
  get #sums(): { seconds: number; atoms: number; busy: number; instances: number } {
    const sums = { seconds: 0, atoms: 0, busy: 0, instances: 0 };
    for (const { seconds, atoms, busy, instances } of this.#looks) {
      sums.seconds += seconds;
      sums.atoms += atoms;
      sums.busy += busy;
      sums.instances += instances * seconds;
    }
    return sums;
  }
}
