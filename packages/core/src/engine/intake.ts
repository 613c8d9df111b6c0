import type { Clock } from "../contracts/clock.ts";
import type { Ledger, LinkBatch } from "../contracts/ledger.ts";
import { BatchDecoder } from "./batch-codec.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { Lanes, type Lane } from "./lanes.ts";
import { exchangeWatermarks, LinkInput, readPages } from "./link-input.ts";
import type { StepMeter } from "./metrics/step-meter.ts";
import type { Paused, Pipeline } from "./pipeline.ts";
import { linkId, type Plan, type Stage } from "./plan.ts";
import { needsNoSlots } from "./planner.ts";
import type { Progress } from "./progress.ts";
import type { Failure, Position, Trial } from "./search.ts";
import type { StampedChunk } from "./source-input.ts";

/** What an intake gives to. */
export interface IntakePorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly pipeline: Pipeline;
  readonly dead: DeadLetters;
  readonly meter: StepMeter;
}

/** How much was taken in. */
export interface Taken {
  readonly count: number;
  readonly bytes: number;
}

/** An input of which a search tries some rows. */
export interface TriedInput {
  position(): Position;
  take(trial: Trial): Taken;
}

/** All that a partition takes in: batches of its links and chunks of its lanes, each in turn. */
export class Intake {
  readonly lanes: Lanes;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #index: number;
  readonly #ports: IntakePorts;
  readonly #links = new Map<string, LinkInput>();
  #order: readonly LinkInput[] = [];
  #next = 0;
  /** As of the last look; while sources are held nothing is, as nothing would bring it on. */
  #paused: Paused | undefined;
  readonly #decoders = new Map<number, BatchDecoder>();

  constructor(plan: Plan, stage: Stage, index: number, ports: IntakePorts) {
    this.#plan = plan;
    this.#stage = stage;
    this.#index = index;
    this.#ports = ports;
    this.lanes = new Lanes(plan, stage, index);
  }

  /** Makes the links that come to the partition, each where it was committed. */
  openLinks(progress: Progress): void {
    for (const exchange of this.#plan.exchanges) {
      if (exchange.to.stage !== this.#stage.index) continue;
      const { partitions } = this.#plan.stages[exchange.from.stage];
      for (let from = 0; from < partitions; from++) {
        if (exchange.kind === "forward" && from !== this.#index) continue;
        const link = linkId(this.#plan, exchange, from, this.#index);
        const known = progress.links.get(link);
        this.#links.set(link, new LinkInput(link, exchange, known?.applied ?? 0, known?.watermark ?? -Infinity, known?.rows ?? 0));
      }
    }
    this.#order = [...this.#links.values()];
  }

  get links(): readonly LinkInput[] {
    return this.#order;
  }

  /** By exchange: the watermark of what comes across it. */
  get exchangeWatermarks(): Map<number, number> {
    return exchangeWatermarks(this.#order);
  }

  /** Whether something waits that is not taken in, until what an operator holds is less. */
  get pauses(): boolean {
    return this.#paused !== undefined && this.#paused.sources.size + this.#paused.exchanges.size > 0;
  }

  /** Whether all input has come to its end and was taken in. */
  get ended(): boolean {
    return this.lanes.allEnded && this.#order.every(({ waiting, watermark }) => !waiting && watermark === Infinity);
  }

  /** Takes in a batch that has come; returns its bytes, or undefined where none has. Each link in turn, so that a busy sender does not keep the others waiting. */
  takeBatch(): number | undefined {
    const { meter, pipeline } = this.#ports;
    const links = this.#order;
    this.#paused = this.lanes.held ? undefined : pipeline.paused();
    for (let tried = 0; tried < links.length; tried++) {
      const link = links[this.#next++ % links.length];
      if (!link.waiting || this.#paused?.exchanges.has(link.exchange.index) === true) continue;
      const { count, bytes, since } = link.apply(this.#decoder(link.exchange.keyBy), Infinity, (rows) => pipeline.fromExchange(link.exchange, rows));
      meter.batch(count, since);
      return bytes;
    }
    return undefined;
  }

  /** Looks for a batch in the ledger, else a chunk of a source, and takes it in; undefined where nothing waits. */
  async fetch(): Promise<number | undefined> {
    return ((await readPages(this.#order, this.#ports.ledger)) ? this.takeBatch() : undefined) ?? (await this.#readLane());
  }

  /** An input of which something waits: the one that is wanted, else any. */
  async toTry(wanted: string | undefined): Promise<TriedInput | undefined> {
    await readPages(this.#order, this.#ports.ledger);
    const isWanted = (name: string): boolean => wanted === undefined || name === wanted;
    for (const pick of [isWanted, () => true]) {
      for (const link of this.#order) if (link.waiting && pick(link.link)) return this.#tryLink(link);
      for (const lane of this.lanes.all) {
        if (!pick(lane.name) || (await lane.input.load(this.#ports.clock.now(), this.#ports.pipeline.watermark(lane.operator))) !== "ready") continue;
        return this.#tryLane(lane);
      }
    }
    return undefined;
  }

  deliver(batch: LinkBatch): void {
    this.#links.get(batch.link)?.receive(batch);
  }

  announce(link: string, sequence: number): void {
    this.#links.get(link)?.announce(sequence);
  }

  #tryLink(link: LinkInput): TriedInput {
    const { dead, meter, pipeline } = this.#ports;
    const decoder = this.#decoder(link.exchange.keyBy);
    const to = this.#plan.operators[link.exchange.to.operator];
    return {
      position: () => ({ input: link.link, ...link.position(decoder) }),
      take: ({ rows, givenUp }) => {
        const taken = link.apply(decoder, rows, (batch) => {
          if (givenUp === undefined) pipeline.fromExchange(link.exchange, batch);
          else dead.givenUp(to, batch, givenUp);
        });
        meter.batch(taken.count, taken.since);
        return taken;
      },
    };
  }

  #tryLane(lane: Lane): TriedInput {
    return {
      position: () => ({ input: lane.name, ...lane.input.position }),
      take: ({ rows, givenUp }) => this.#takeChunk(lane, lane.input.take(rows), givenUp),
    };
  }

  #takeChunk(lane: Lane, chunk: StampedChunk, givenUp: Failure | undefined): Taken {
    const { dead, meter, pipeline } = this.#ports;
    for (const row of chunk.malformed) dead.malformed(lane.topic, row);
    meter.chunk(chunk.read, chunk.bytes, chunk.since);
    if (lane.stored) meter.position(lane.input.progress.split, lane.input.progress.next);
    if (chunk.batch !== undefined && chunk.batch.count > 0) {
      if (givenUp === undefined) pipeline.fromSource(lane.operator, chunk.batch);
      else dead.givenUp(this.#plan.operators[lane.operator], chunk.batch, givenUp);
    }
    return chunk;
  }

  /** Reads a chunk of the next lane that has one. */
  async #readLane(): Promise<number | undefined> {
    for (const lane of this.lanes.inTurn()) {
      if (lane.input.progress.ended || this.#paused?.sources.has(lane.operator) === true) continue;
      const chunk = await lane.input.read(this.#ports.clock.now(), this.#ports.pipeline.watermark(lane.operator));
      if (typeof chunk === "string") continue;
      return this.#takeChunk(lane, chunk, undefined).bytes;
    }
    return undefined;
  }

  #decoder(keyBy: number | undefined): BatchDecoder {
    let decoder = this.#decoders.get(keyBy ?? -1);
    if (decoder === undefined) {
      decoder = keyBy === undefined ? new BatchDecoder(undefined) : new BatchDecoder(this.#ports.pipeline.keySpace(keyBy), needsNoSlots(this.#plan.workflow, keyBy));
      this.#decoders.set(keyBy ?? -1, decoder);
    }
    return decoder;
  }
}
