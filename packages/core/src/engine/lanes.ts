import type { Clock } from "../contracts/clock.ts";
import type { Ledger } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import { LedgerJournal } from "./ledger-journal.ts";
import { lanesOf, type Plan, type Stage } from "./plan.ts";
import { LaneInput, laneWatermark, type LaneProgress, type TimeChain } from "./source-input.ts";

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

  constructor(plan: Plan, stage: Stage, index: number) {
    this.#plan = plan;
    this.#stage = stage;
    this.#index = index;
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

  /** Reads nothing: progress stays as it was committed. */
  hold(known: readonly LaneProgress[]): void {
    this.#held = known;
  }

  /** Opens the lanes that fall to the partition, each where it was committed. */
  async open(known: readonly LaneProgress[], ports: LanePorts, onReady: () => void): Promise<void> {
    for (const operator of this.#stage.operators) {
      const { spec } = this.#plan.operators[operator].node;
      if (spec.kind !== "source") continue;
      const source = await ports.source(spec.topic.name);
      for (const [s, split] of (await source.splits()).entries()) {
        const lanes = lanesOf(this.#stage, split);
        if (lanes === 1 && s % this.#stage.partitions !== this.#index) continue;
        const id = `${sourceName(this.#plan, operator)}${split.id}`;
        const progress = known.find((one) => one.split === id) ?? newLane(id, lanes === 1 ? 0 : this.#index, lanes, split.parallel);
        const journal = new LedgerJournal(ports.ledger, id);
        const reader = await source.open({ split: split.id, lane: progress.lane, lanes, position: progress.next, journal });
        const input = new LaneInput(spec, reader, ports.chain, progress);
        input.onReady(onReady);
        this.#all.push({ name: `${operator}:${id}`, operator, topic: spec.topic.name, input, stored: source.stored === true });
      }
    }
  }

  /** The lanes from the one whose turn it is on; asking passes the turn on. */
  *inTurn(): Iterable<Lane> {
    for (let tried = 0; tried < this.#all.length; tried++) yield this.#all[this.#next++ % this.#all.length];
  }

  /** By source operator: no stamp still to come from its lanes here is below. */
  watermarks(): Map<number, number> {
    const watermarks = new Map<number, number>();
    for (const operator of this.#stage.operators) {
      const { spec } = this.#plan.operators[operator].node;
      if (spec.kind !== "source") continue;
      // Without a lane of its own a partition holds nothing back; while sources are held, all are where they were.
      const held = this.#held?.filter(({ split }) => split.startsWith(sourceName(this.#plan, operator)));
      watermarks.set(operator, held === undefined ? Infinity : held.length === 0 ? -Infinity : Math.min(...held.map((lane) => laneWatermark(spec, lane))));
    }
    for (const { operator, input } of this.#all) watermarks.set(operator, Math.min(watermarks.get(operator) ?? Infinity, input.watermark));
    return watermarks;
  }

  /** Lets reads that wait for lanes of other partitions come back with nothing. */
  stop(): void {
    for (const { input } of this.#all) input.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ input }) => input.close()));
  }
}

/** What the names of all splits of a source operator begin with: two that read one topic do not share progress. */
export function sourceName({ workflow, operators }: Plan, operator: number): string {
  const { id, spec } = operators[operator].node;
  return `${workflow.name}/${id}/${spec.kind === "source" ? spec.topic.name : ""}/`;
}

function newLane(split: string, lane: number, lanes: number, parallel: boolean): LaneProgress {
  return { split, lane, lanes, parallel, next: 0, maxTime: -Infinity, ended: false, recent: [], done: [], partial: [] };
}
