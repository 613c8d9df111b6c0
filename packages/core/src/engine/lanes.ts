import type { Clock } from "../contracts/clock.ts";
import type { Ledger } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import type { SourceNode } from "../graph/nodes.ts";
import { LedgerJournal } from "./ledger-journal.ts";
import { lanesOf, type Plan, type Stage } from "./plan.ts";
import { IDLE, meetingSources, readingPartitions, type SplitTimes } from "./split-times.ts";
import { LaneInput, laneWatermark, type LaneProgress, type TimeChain, type Timing } from "./source-input.ts";

/** A lane of a split that a partition reads, and the source operator that it feeds. */
export interface Lane {
  readonly name: string;
  readonly operator: number;
  readonly topic: string;
  readonly input: LaneInput;
  readonly stored: boolean;
}

export interface LanePorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly chain: TimeChain;
  source(topic: string): Promise<Source>;
  /** The topics and change logs that workflows of the app write. */
  readonly written: ReadonlySet<string>;
  /** Whether the partition was open before in this run: how long splits in the store were quiet counts on then. */
  readonly resumed: boolean;
}

/** The lanes of one partition of a stage. */
export class Lanes {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #index: number;
  readonly #all: Lane[] = [];
  /** Progress of sources that are not to be read now. */
  #held: readonly LaneProgress[] | undefined;
  #next = 0;
  /** By source operator: those whose active splits an idle one of it follows. */
  readonly #meeting: ReadonlyMap<number, readonly number[]>;
  /** What splits of other partitions have come to; undefined: not known yet. */
  #elsewhere: SplitTimes | undefined;
  /** Source operators of which another split, here or elsewhere, may be held back. */
  readonly #shared = new Set<number>();
  /** Source operators of the plan over collections that only people edit: they keep time with the others always. */
  readonly #following = new Set<number>();
  #isNew = false;

  constructor(plan: Plan, stage: Stage, index: number) {
    this.#plan = plan;
    this.#stage = stage;
    this.#index = index;
    this.#meeting = meetingSources(plan);
    if (readingPartitions(plan) === 1) this.#elsewhere = new Map();
  }

  /** The lanes that are read; none while sources are held. */
  get all(): readonly Lane[] {
    return this.#all;
  }

  get progress(): readonly LaneProgress[] {
    return this.#held ?? this.#all.map(({ input }) => input.progress);
  }

  get ended(): number {
    return this.#all.filter(({ input }) => input.progress.ended).length;
  }

  get allEnded(): boolean {
    return this.ended === this.#all.length;
  }

  /** Whether all that can come without a reader being open is known of: then nothing is lost by closing. */
  get mayRest(): boolean {
    return this.#all.every(({ input, stored }) => stored || input.progress.ended);
  }

  /** Whether nothing is read. */
  get held(): boolean {
    return this.#held !== undefined;
  }

  /** Reads nothing: progress stays as it was committed. */
  hold(known: readonly LaneProgress[]): void {
    this.#held = known;
  }

  /** Opens the lanes that fall to the partition, each where it was committed. */
  async open(known: readonly LaneProgress[], ports: LanePorts, onReady: () => void): Promise<void> {
    for (const { index, node } of this.#plan.operators) {
      if (node.spec.kind === "source" && timingOf(node.spec, ports.written.has(node.spec.topic.name)) === "edits") this.#following.add(index);
    }
    for (const operator of this.#stage.operators) {
      const { spec } = this.#plan.operators[operator].node;
      if (spec.kind !== "source") continue;
      const source = await ports.source(spec.topic.name);
      const splits = await source.splits();
      const all = splits.reduce((lanes, split) => lanes + lanesOf(this.#stage, split), 0);
      if (all > 1 || (this.#meeting.get(operator) ?? []).length > 1) this.#shared.add(operator);
      const now = ports.clock.now();
      for (const [s, split] of splits.entries()) {
        const lanes = lanesOf(this.#stage, split);
        if (lanes === 1 && s % this.#stage.partitions !== this.#index) continue;
        const id = `${sourceName(this.#plan, operator)}${split.id}`;
        const before = known.find((one) => one.split === id);
        const progress = before ?? newLane(id, lanes === 1 ? 0 : this.#index, lanes, split.parallel, now);
        const stored = source.stored === true;
        const timing = timingOf(spec, stored && ports.written.has(spec.topic.name));
        const idleAfter = timing === "atoms" && this.#shared.has(operator) ? spec.idleAfter : Infinity;
        // What was not committed would be forgotten when the partition is closed for want of anything to do.
        if (before === undefined && stored && idleAfter < Infinity) this.#isNew = true;
        const journal = new LedgerJournal(ports.ledger, id);
        const reader = await source.open({ split: split.id, lane: progress.lane, lanes, position: progress.next, journal });
        const input = new LaneInput(spec, reader, ports.chain, progress, { since: stored && ports.resumed ? progress.readAt : now, idleAfter, timing });
        input.onReady(onReady);
        this.#all.push({ name: `${operator}:${id}`, operator, topic: spec.topic.name, input, stored });
      }
    }
  }

  /** The lanes from the one whose turn it is on; asking passes the turn on. */
  *inTurn(): Iterable<Lane> {
    for (let tried = 0; tried < this.#all.length; tried++) yield this.#all[this.#next++ % this.#all.length];
  }

  /**
   * By source operator: no stamp still to come from its lanes here is below. Idle lanes hold nothing
   * back. Where all are idle, the source keeps time with its lanes in other partitions, else with the
   * sources that it meets, and stands still where those are idle too.
   */
  watermarks(promised: (operator: number) => number): Map<number, number> {
    const watermarks = new Map<number, number>();
    if (this.#held !== undefined) {
      for (const [operator, spec] of this.#sources()) {
        // While sources are held, all are where they were.
        const held = this.#held.filter(({ split }) => split.startsWith(sourceName(this.#plan, operator)));
        watermarks.set(operator, held.length === 0 ? -Infinity : Math.min(...held.map((lane) => laneWatermark(spec, lane))));
      }
      return watermarks;
    }
    const times = this.times(promised);
    for (const [operator, time] of times) watermarks.set(operator, time === IDLE ? this.#followed(operator, times) : time);
    return watermarks;
  }

  /** By source operator: no stamp still to come from its active lanes here is below; IDLE where it has only idle ones, Infinity without any. */
  times(promised: (operator: number) => number): Map<number, number> {
    const times = new Map<number, number>();
    for (const [operator] of this.#sources()) times.set(operator, Infinity);
    for (const { operator, input } of this.#all) {
      if (input.progress.ended) continue;
      times.set(operator, Math.min(times.get(operator) ?? Infinity, input.idle ? IDLE : Math.max(input.watermark, promised(operator))));
    }
    return times;
  }

  /** Whether a source has only idle lanes here, so that what others have come to is wanted. */
  get follows(): boolean {
    return [...this.#shared].some((operator) => this.#isIdle(operator));
  }

  /** Whether other partitions' lanes matter to those here, or the other way round. */
  get shared(): boolean {
    return this.#shared.size > 0 && readingPartitions(this.#plan) > 1;
  }

  /** What splits of other partitions have come to. */
  follow(times: SplitTimes): void {
    this.#elsewhere = times;
  }

  /** Judges by the clock which lanes are idle; true where that is to be committed. */
  look(now: number): boolean {
    let news = this.#isNew;
    this.#isNew = false;
    for (const { input } of this.#all) if (input.look(now)) news = true;
    return news;
  }

  /** Processing time at which a lane that was read to its end becomes idle; Infinity: none does. */
  get idleAt(): number {
    return Math.min(Infinity, ...this.#all.map(({ input }) => (input.atEnd ? input.idleAt : Infinity)));
  }

  /** The same for a partition that is closed now: nothing was read since. */
  get idleAtIfClosed(): number {
    return Math.min(Infinity, ...this.#all.map(({ input }) => input.idleAt));
  }

  /** Lets reads that wait for lanes of other partitions come back with nothing. */
  stop(): void {
    for (const { input } of this.#all) input.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ input }) => input.close()));
  }

  *#sources(): Iterable<readonly [operator: number, spec: SourceNode]> {
    for (const operator of this.#stage.operators) {
      const { spec } = this.#plan.operators[operator].node;
      if (spec.kind === "source") yield [operator, spec];
    }
  }

  /** Whether a source has idle lanes here, and no active one. */
  #isIdle(operator: number): boolean {
    let idle = false;
    for (const lane of this.#all) {
      if (lane.operator !== operator || lane.input.progress.ended) continue;
      if (!lane.input.idle) return false;
      idle = true;
    }
    return idle;
  }

  #followed(operator: number, times: SplitTimes): number {
    const elsewhere = (of: number): number => (this.#elsewhere === undefined ? -Infinity : (this.#elsewhere.get(of) ?? Infinity));
    const own = elsewhere(operator);
    if (own < IDLE) return own;
    const led = (this.#meeting.get(operator) ?? []).filter((of) => !this.#following.has(of));
    const met = Math.min(...led.map((of) => Math.min(times.get(of) ?? Infinity, elsewhere(of))));
    // Where all that it follows have ended, nothing asks any more for what is edited later.
    return met < IDLE || (met === Infinity && led.length > 0) ? met : -Infinity;
  }
}

function timingOf({ time, collection }: SourceNode, written: boolean): Timing {
  if (time !== undefined) return "atoms";
  if (written) return "writers";
  return collection === undefined ? "atoms" : "edits";
}

/** What the names of all splits of a source operator begin with: two that read one topic do not share progress. */
export function sourceName({ workflow, operators }: Plan, operator: number): string {
  const { id, spec } = operators[operator].node;
  return sourcePrefix(workflow, { id, topic: spec.kind === "source" ? spec.topic.name : "" });
}

/** The same, of a source operator by its id and topic. */
export function sourcePrefix(workflow: { readonly name: string }, { id, topic }: { readonly id: string; readonly topic: string }): string {
  return `${workflow.name}/${id}/${topic}/`;
}

function newLane(split: string, lane: number, lanes: number, parallel: boolean, readAt: number): LaneProgress {
  return { split, lane, lanes, parallel, next: 0, maxTime: -Infinity, ended: false, recent: [], done: [], partial: [], readAt };
}
