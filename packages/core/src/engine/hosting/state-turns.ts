import type { Clock } from "../../contracts/clock.ts";

/** A closed partition is worth opening for so many bytes, however little its state is. */
const LEAST_WORTH = 64 * 1024;
/** So many times as long as opening takes, the work of a turn or the wait for it is to take. */
const PATIENCE = 4;

/** What turns need of the supervisor: how partitions are opened and closed, and what is known of them. */
export interface TurnsHost {
  readonly clock: Clock;
  open(partition: string): Promise<void>;
  close(partition: string): Promise<void>;
  sentTo(partition: string): { readonly sentBytes: number; readonly appliedBytes: number };
  isBlocked(partition: string): boolean;
  isFinished(partition: string): boolean;
  /** When a closed partition wants a step although nothing was sent to it; Infinity: never. */
  wakeAt(partition: string): number;
}

interface Turn {
  readonly id: string;
  isOpen: boolean;
  /** Its state's memory when it was open last. */
  bytes: number;
  /** When it was opened or closed last. */
  since: number;
  /** How long that took, ms, opening and closing together. */
  cost: number;
  /** Of all bytes sent to it, those that this turn is to work off. */
  target: number;
  /** It has had nothing to do, or has failed, since it was opened. */
  done: boolean;
  /** It has had nothing to do once: what waits for it is known from then on. */
  known: boolean;
}

/**
 * Lets an instance's keyed partitions take turns where their states do not fit into memory together.
 * As many are open as fit into the budget, and one at least. What is sent to a closed one waits in the
 * ledger. A turn ends when what waited at its beginning is done and another partition wants the room:
 * one for which as much waits as its state is large, or which has waited long; where nobody has
 * anything else to do, at once.
 */
export class StateTurns {
  readonly #budget: number;
  readonly #host: TurnsHost;
  readonly #turns: ReadonlyMap<string, Turn>;
  /** All partitions of the instance that are not known to have nothing to do. */
  readonly #busy: Set<string>;
  #begun = false;
  #acting: Promise<void> | undefined;
  #again = false;
  #first = Promise.withResolvers<void>();
  #cancel: (() => void) | undefined;

  /** `keyed` of the instance's `partitions` take turns; `budget` is in bytes. */
  constructor(partitions: readonly string[], keyed: readonly string[], budget: number, host: TurnsHost) {
    this.#budget = budget;
    this.#host = host;
    this.#busy = new Set(partitions);
    this.#turns = new Map(
      keyed.map((id) => [id, { id, isOpen: false, bytes: 0, since: -Infinity, cost: 0, target: 0, done: false, known: false }]),
    );
  }

  /** Whether a partition is closed until its turn comes. */
  isOut(partition: string): boolean {
    return this.#turns.get(partition)?.isOpen === false;
  }

  /** Whether a partition takes turns. */
  has(partition: string): boolean {
    return this.#turns.has(partition);
  }

  /** Whether a partition that is closed has something to do. */
  get wanting(): boolean {
    return this.#candidate() !== undefined;
  }

  /** The instance is there: opens what fits, what is wanted first. Resolves when a first one is open, or has failed. */
  begin(): Promise<void> {
    this.#begun = true;
    this.#first = Promise.withResolvers();
    this.look();
    return this.#first.promise;
  }

  /** The instance goes, with all partitions. Resolves when none is being opened or closed any more. */
  async end(): Promise<void> {
    this.#begun = false;
    this.#first.resolve();
    this.#cancel?.();
    for (const turn of this.#turns.values()) turn.isOpen = false;
    await this.#acting;
  }

  /** How much state a partition holds, and whether it has nothing to do. */
  told(partition: string, bytes: number, idle: boolean): void {
    if (idle) this.#busy.delete(partition);
    else this.#busy.add(partition);
    const turn = this.#turns.get(partition);
    if (turn !== undefined) {
      turn.bytes = bytes;
      turn.done ||= idle;
      turn.known ||= idle;
    }
    this.look();
  }

  /** A partition has to be opened again after a failure; others need not wait for it. */
  failed(partition: string): void {
    const turn = this.#turns.get(partition);
    if (turn !== undefined) turn.done = true;
    this.#busy.delete(partition);
    this.look();
  }

  /** Something has changed that may end a turn or begin one. */
  look(): void {
    this.#again = true;
    if (this.#begun) this.#acting ??= this.#act();
  }

  async #act(): Promise<void> {
    // What happens in one turn of the thread is looked at once.
    await Promise.resolve();
    while (this.#again && this.#begun) {
      this.#again = false;
      for (let next = this.#next(); next !== undefined && this.#begun; next = this.#next()) {
        await this.#change(next);
        this.#first.resolve();
        // Those that are open go on meanwhile, and may send to one that is then opened first.
        await this.#host.clock.turn();
      }
    }
    this.#first.resolve();
    this.#acting = undefined;
  }

  async #change(turn: Turn): Promise<void> {
    const { clock } = this.#host;
    const begun = clock.now();
    this.#cancel?.();
    if (turn.isOpen) {
      turn.isOpen = false;
      this.#busy.delete(turn.id);
      await this.#host.close(turn.id);
      turn.since = clock.now();
      turn.cost += turn.since - begun;
      return;
    }
    turn.isOpen = true;
    turn.done = false;
    turn.target = this.#host.sentTo(turn.id).sentBytes;
    this.#busy.add(turn.id);
    await this.#host.open(turn.id);
    turn.since = clock.now();
    turn.cost = turn.since - begun;
  }

  /** The partition to open or to close now; undefined: all may stay as it is. */
  #next(): Turn | undefined {
    const open = [...this.#turns.values()].filter(({ isOpen }) => isOpen);
    const finished = open.find(({ id }) => this.#host.isFinished(id));
    if (finished !== undefined) return finished;
    const held = bytesOf(open);
    const over = open.filter((turn) => this.#isDone(turn));
    if (held > this.#budget && open.length > 1) return this.#leastWanted(over.length > 0 ? over : open);
    const candidate = this.#candidate();
    if (candidate === undefined) {
      this.#wakeAt(Math.min(...[...this.#turns.values()].map((turn) => (turn.isOpen ? Infinity : this.#host.wakeAt(turn.id)))));
      return undefined;
    }
    const needed = candidate.known ? candidate.bytes : Math.max(...[...this.#turns.values()].map(({ bytes }) => bytes));
    if (open.length === 0 || held + needed <= this.#budget) return candidate;
    const worthAt = this.#worthAt(candidate);
    if (worthAt > this.#host.clock.now()) {
      this.#wakeAt(worthAt);
      return undefined;
    }
    const makesRoom = over.length === open.length || held - bytesOf(over) + needed <= this.#budget;
    return over.length > 0 && makesRoom ? this.#leastWanted(over) : undefined;
  }

  /** The closed partition that has most to do and has waited longest. */
  #candidate(): Turn | undefined {
    const now = this.#host.clock.now();
    let best: Turn | undefined;
    let most = -1;
    for (const turn of this.#turns.values()) {
      if (turn.isOpen || this.#host.isFinished(turn.id) || this.#host.isBlocked(turn.id)) continue;
      const waiting = this.#waiting(turn);
      if (waiting === 0 && turn.known && this.#host.wakeAt(turn.id) > now) continue;
      const score = (waiting + 1) * (Math.min(now - turn.since, Number.MAX_SAFE_INTEGER) + 1);
      if (score > most) {
        most = score;
        best = turn;
      }
    }
    return best;
  }

  /** From when on others are to be closed for a partition. */
  #worthAt(turn: Turn): number {
    if (this.#waiting(turn) >= Math.max(turn.bytes, LEAST_WORTH)) return -Infinity;
    let cost = turn.cost;
    if ([...this.#busy].some((id) => !this.#host.isBlocked(id) && !this.#host.isFinished(id))) {
      for (const other of this.#turns.values()) if (other !== turn) cost += other.cost;
    }
    return turn.since + cost * PATIENCE;
  }

  #isDone({ id, done, known, target }: Turn): boolean {
    // One that waits for its receivers makes room for them.
    return done || this.#host.isBlocked(id) || (known && this.#host.sentTo(id).appliedBytes >= target);
  }

  #leastWanted(open: readonly Turn[]): Turn {
    return open.reduce((least, turn) => {
      const difference = this.#waiting(turn) - this.#waiting(least);
      return difference < 0 || (difference === 0 && turn.since < least.since) ? turn : least;
    });
  }

  #waiting({ id }: Turn): number {
    const { sentBytes, appliedBytes } = this.#host.sentTo(id);
    return sentBytes - appliedBytes;
  }

  #wakeAt(time: number): void {
    this.#cancel?.();
    this.#cancel = time === Infinity ? undefined : this.#host.clock.at(time, () => this.look());
  }
}

function bytesOf(turns: readonly Turn[]): number {
  return turns.reduce((sum, { bytes }) => sum + bytes, 0);
}
