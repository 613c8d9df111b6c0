import type { Clock } from "../contracts/clock.ts";
import type { Commit, Ledger, LinkBatch, StateAddress } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import { MillraceError } from "../errors.ts";
import { changeLogOf } from "../graph/refs.ts";
import { StepAbandoned, Stopping } from "../operators/stopping.ts";
import type { AppGraph } from "./app-graph.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Intake } from "./intake.ts";
import { Outbox } from "./outbox.ts";
import { PartitionState, type StateSize } from "./partition-state.ts";
import { Pipeline } from "./pipeline.ts";
import { StepMeter } from "./metrics/step-meter.ts";
import { partitionId, type Plan, type Stage } from "./plan.ts";
import { decodeProgress, emptyProgress, encodeProgress, type Progress } from "./progress.ts";
import { Search, type Failure, type Turns } from "./search.ts";
import { isSame, type SplitReport, type SplitTimes } from "./split-times.ts";
import { STEP_READS, type TimeChain } from "./source-input.ts";

/** A step commits when its input has drained, else when it has read this much or taken this long. */
const STEP_BYTES = 16 * 1024 * 1024;
const STEP_MILLISECONDS = 100;

/** While it works, a partition tells others what its splits have come to at most this often. */
const REPORT_MILLISECONDS = 20;

/** Steps await nothing but commits, which may resolve at once: after so many, or so long, others have their turn. */
const STEPS_A_TURN = 64;
const TURN_MILLISECONDS = 20;

/** What a partition needs of the instance that runs it. */
export interface PartitionPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly chain: TimeChain;
  readonly keyGroups: number;
  /** What the workflows of the app have between them. */
  readonly graph: AppGraph;
  /** Whose turn it is, of the instance's partitions that search for an element that fails. */
  readonly turns: Turns;
  /** What stands behind a topic's name as a source. */
  source(topic: string): Promise<Source>;
  /** The partition has taken in all its input and has committed it. */
  finished(partition: string): void;
  /** Only what is on its way is taken in, nothing from sources: told whenever nothing waits. Absent: sources are read. */
  readonly drained?: (partition: string) => void;
  /** What its splits have come to, wherever partitions read splits that meet. */
  readonly report?: (partition: string, report: SplitReport) => void;
  /** About how many bytes of state it holds, and whether it has nothing to do. */
  readonly holds?: (partition: string, bytes: number, idle: boolean) => void;
  /** The partition has nothing to do and may be closed without missing anything, or has something to do again. */
  readonly resting?: (partition: string, resting: boolean) => void;
}

/** Owns the key groups, lanes and links of one partition of a stage, and steps them. */
export class Partition {
  readonly id: string;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #index: number;
  readonly #ports: PartitionPorts;
  readonly #pipeline: Pipeline;
  readonly #state = new PartitionState();
  readonly #intake: Intake;
  readonly #sent = new Map<string, number>();
  readonly #dead: DeadLetters;
  readonly #meter = new StepMeter();
  #outbox: Outbox;
  #epoch = 0;
  #version = 0;
  /** When it wants a step without input, by its last commit. */
  #wakeAt = Infinity;
  #inFlight: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;
  #woken = false;
  readonly #stopping = new Stopping();
  #blocked = false;
  #search: Search | undefined;
  /** What was told of the splits last, and when. */
  #reported: SplitReport | undefined;
  #reportedAt = -Infinity;
  /** What was told of its state last. */
  #held = -1;
  #idle = false;

  constructor(plan: Plan, stage: Stage, index: number, ports: PartitionPorts) {
    this.id = partitionId(plan, stage, index);
    this.#plan = plan;
    this.#stage = stage;
    this.#index = index;
    this.#ports = ports;
    this.#dead = new DeadLetters(plan, () => this.#meter.dead++);
    this.#outbox = this.#newOutbox(new Map());
    this.#pipeline = new Pipeline(plan, stage, {
      clock: ports.clock,
      stopping: this.#stopping,
      keyGroups: ports.keyGroups,
      send: (exchange, batch) => {
        this.#meter.atomsSent += batch.count;
        this.#outbox.send(exchange, batch);
      },
      append: (topic, partition, batch) => {
        this.#meter.atomsOut += batch.count;
        this.#outbox.append(topic, partition, batch);
      },
      change: (collection, count, bytes) => this.#outbox.change(collection, count, bytes),
      isRead: (collection) => ports.graph.read.has(changeLogOf(collection)),
      fail: (operator, batch, row, error) => this.#dead.failed(operator, batch, row, error),
      late: (_operator, count) => {
        this.#meter.late += count;
      },
      retried: () => this.#meter.retries++,
    });
    this.#intake = new Intake(plan, stage, index, { ledger: ports.ledger, clock: ports.clock, pipeline: this.#pipeline, dead: this.#dead, meter: this.#meter });
  }

  /**
   * Takes the lease, loads state and opens the inputs. After a failure it looks for the element that may
   * have caused it. `resumed`: it was open before in this run.
   */
  async open(failure?: Failure, resumed = false): Promise<void> {
    const root = await this.#ports.ledger.fence(this.id);
    this.#epoch = root.epoch;
    this.#version = root.version;
    this.#wakeAt = root.wakeAt;
    const progress = decodeProgress(root) ?? emptyProgress();
    for (const [link, sequence] of progress.sent) this.#sent.set(link, sequence);
    this.#outbox = this.#newOutbox(progress.watermarks);
    await this.#state.load(this.#pipeline, this.#ports.ledger, this.#index, this.#stage.partitions);
    this.#intake.openLinks(progress);
    if (this.#ports.drained === undefined) await this.#openLanes(progress, resumed);
    else this.#intake.lanes.hold(progress.lanes);
    this.#search = await Search.begin(this.#ports.ledger, this.id, failure);
    this.#pipeline.restored(this.#intake.lanes.watermarks((operator) => progress.operators.get(this.#plan.operators[operator].node.id) ?? -Infinity), this.#intake.exchangeWatermarks, progress.operators, root.wakeAt);
  }

  /** Where one lane cannot be opened, those that were do not stay open. */
  async #openLanes({ lanes }: Progress, resumed: boolean): Promise<void> {
    try {
      await this.#intake.lanes.open(lanes, { ...this.#ports, written: this.#ports.graph.written, resumed }, () => this.#wakeUp());
    } catch (error) {
      await this.#intake.lanes.close();
      throw error;
    }
  }

  /** Takes a batch of a link; duplicates and reordering do no harm. */
  deliver(batch: LinkBatch): void {
    this.#intake.deliver(batch);
    this.#wakeUp();
  }

  /** A batch of a link was sent and lies in the ledger, to be read when those before it are done. */
  announce(link: string, sequence: number): void {
    this.#intake.announce(link, sequence);
    this.#wakeUp();
  }

  /** Takes in nothing while too much of what was sent waits at the receivers; so does, in the end, who sends to it. */
  block(blocked: boolean): void {
    this.#blocked = blocked;
    if (!blocked) this.#wakeUp();
  }

  /** What splits of other partitions have come to. */
  follow(times: SplitTimes): void {
    this.#intake.lanes.follow(times);
    this.#wakeUp();
  }

  /** Addresses that the ledger would like written anew. */
  rewrite(addresses: readonly StateAddress[]): void {
    this.#state.rewrite(addresses);
  }

  /** How much state its operators hold, counted now. */
  get stateSize(): StateSize {
    return this.#state.size;
  }

  /** Steps until stopped, or until all input has been taken in. Rejects when the partition cannot go on. */
  async run(): Promise<void> {
    const { clock } = this.#ports;
    let turned = clock.now();
    let steps = 0;
    try {
      while (!this.#stopping.begun) {
        this.#woken = false;
        const worked = await this.#step();
        if (worked) {
          this.#tellHeld(false);
          if (clock.now() - this.#reportedAt >= REPORT_MILLISECONDS) this.#report();
          if (++steps % STEPS_A_TURN === 0 || clock.now() - turned >= TURN_MILLISECONDS) {
            await clock.turn();
            turned = clock.now();
          }
          continue;
        }
        await this.#inFlight;
        this.#report();
        this.#ports.drained?.(this.id);
        if (this.#intake.ended) {
          this.#ports.finished(this.id);
          return;
        }
        this.#tellHeld(!this.#blocked);
        await this.#sleep();
      }
      // What the last step took in may have been the end: nobody would open it again to find that out.
      while (this.#intake.ended && (await this.#step()));
      await this.#inFlight;
      if (this.#intake.ended) this.#ports.finished(this.id);
    } catch (error) {
      if (!(error instanceof StepAbandoned)) throw error;
      await this.#inFlight;
    } finally {
      await this.#intake.lanes.close();
    }
  }

  /** Lets the step that is running commit, then ends `run`; a step that may wait without end for the outside is given up. */
  stop(): void {
    this.#stopping.begin();
    this.#intake.lanes.stop();
    this.#wakeUp();
  }

  /** Reads what waits, runs the operators, commits. False when there was nothing to do. */
  async #step(): Promise<boolean> {
    if (this.#search !== undefined && (await this.#tryStep(this.#search))) return true;
    const begun = this.#ports.clock.now();
    this.#meter.begin();
    const { ended } = this.#intake.lanes;
    const looked = this.#intake.lanes.look(begun);
    let bytes = 0;
    let reads = 0;
    while (this.#search === undefined && bytes < STEP_BYTES && reads < STEP_READS && this.#outbox.bytes < STEP_BYTES) {
      const read = this.#blocked ? undefined : (this.#intake.takeBatch() ?? (await this.#intake.fetch()));
      if (read === undefined) break;
      reads++;
      bytes += read;
      this.#advance();
      if (this.#stopping.begun || this.#pipeline.saturated || this.#ports.clock.now() - begun >= STEP_MILLISECONDS) break;
    }
    const now = this.#ports.clock.now();
    const ticked = this.#pipeline.wakeAt() <= now;
    if (ticked) this.#pipeline.tick(now);
    if (reads === 0 && !ticked) {
      const risen = this.#advance();
      const news = looked || risen || this.#state.migrating || this.#intake.lanes.ended > ended || this.#wakesEarlier;
      if (!news && !this.#outbox.owes((operator) => this.#pipeline.watermark(operator))) {
        this.#meter.cancel();
        return false;
      }
    }
    await this.#finishStep();
    return true;
  }

  get #wakeAtIfClosed(): number {
    return Math.min(this.#pipeline.wakeAt(), this.#intake.lanes.idleAtIfClosed);
  }

  /** Whether nobody would bring it back in time if it were closed now: so after its progress was carried over to another plan. */
  get #wakesEarlier(): boolean {
    return this.#intake.lanes.mayRest && this.#wakeAtIfClosed < this.#wakeAt;
  }

  #advance(): boolean {
    return this.#pipeline.advance(this.#intake.lanes.watermarks((operator) => this.#pipeline.watermark(operator)), this.#intake.exchangeWatermarks);
  }

  async #finishStep(): Promise<void> {
    this.#advance();
    if (this.#pipeline.needsSettling) await this.#pipeline.settle();
    await this.#commit();
  }

  /**
   * A step of a search: a few rows, of which it was recorded that they are tried. Of the partitions of
   * an instance that search, one at a time is in such a step, so that its end is blamed on nobody else.
   * False when nothing waits.
   */
  async #tryStep(search: Search): Promise<boolean> {
    const input = this.#blocked ? undefined : await this.#intake.toTry(search.input);
    if (input === undefined) return false;
    const done = await this.#ports.turns.take();
    try {
      this.#meter.begin();
      const position = input.position();
      const trial = await search.begin(position);
      const { count, bytes } = input.take(trial);
      this.#advance();
      await this.#finishStep();
      await this.#inFlight;
      if (await search.succeeded(trial, bytes, position.row + count >= position.rows)) this.#search = undefined;
    } finally {
      done();
    }
    return true;
  }

  async #commit(): Promise<void> {
    this.#pipeline.flush();
    for (const { topic, batch } of this.#dead.take(this.#ports.clock.now())) this.#outbox.append(topic, 0, batch);
    const state = this.#state.takeChanges();
    const sends = this.#outbox.takeSends((operator) => this.#pipeline.watermark(operator), this.#sent, this.#meter.since);
    const progress: Progress = {
      lanes: this.#intake.lanes.progress,
      links: new Map(this.#intake.links.map(({ link, applied, watermark, rows }) => [link, { applied, watermark, rows }])),
      sent: new Map(this.#sent),
      watermarks: this.#outbox.watermarks(),
      operators: this.#pipeline.watermarks(),
    };
    const commit: Commit = {
      partition: this.id,
      epoch: this.#epoch,
      version: ++this.#version,
      progress: encodeProgress(progress),
      wakeAt: (this.#wakeAt = this.#wakeAtIfClosed),
      state,
      sends,
      applied: this.#intake.links.map(({ link, applied }) => ({ link, sequence: applied })),
      appends: this.#outbox.takeAppends(),
      measured: this.#meter.take(),
      times: this.#pipeline.writtenTimes(),
    };
    this.#pipeline.sweep();
    // One commit may be under way while the next step runs; the step after waits for it.
    await this.#inFlight;
    this.#inFlight = this.#send(commit);
    // A rejection is seen by whoever awaits it next; until then it must not count as unhandled.
    this.#inFlight.catch(() => undefined);
  }

  async #send(commit: Commit): Promise<void> {
    const result = await this.#ports.ledger.commit(commit);
    if (result.outcome === "applied") return;
    throw new MillraceError(
      "MILLRACE_FENCED",
      `partition ${this.id}`,
      `its commit ${commit.epoch}.${commit.version} was refused: the ledger holds ${result.root.epoch}.${result.root.version}, so another owner has it`,
    );
  }

  /** Tells what the splits have come to, where others may have to keep time with them and it is another than before. */
  #report(): void {
    if (!this.#intake.lanes.shared) return;
    const times = this.#intake.lanes.times((operator) => this.#pipeline.watermark(operator));
    const { follows } = this.#intake.lanes;
    const before = this.#reported;
    if (before !== undefined && before.follows === follows && isSame(before.times, times)) return;
    this.#reported = { times, follows, opened: before === undefined };
    this.#reportedAt = this.#ports.clock.now();
    this.#ports.report?.(this.id, this.#reported);
  }

  #tellHeld(idle: boolean): void {
    if (this.#ports.holds === undefined) return;
    const bytes = this.#pipeline.memoryBytes;
    if (idle === this.#idle && Math.abs(bytes - this.#held) * 16 <= this.#held) return;
    this.#held = bytes;
    this.#idle = idle;
    this.#ports.holds(this.id, bytes, idle);
  }

  #newOutbox(watermarks: ReadonlyMap<string, number>): Outbox {
    const exchanges = this.#plan.exchanges.filter((exchange) => exchange.from.stage === this.#stage.index);
    return new Outbox(this.#plan, exchanges, this.#index, this.#ports.keyGroups, watermarks, (operator, batch, row, error) =>
      this.#dead.failed(operator, batch, row, error),
    );
  }

  #wakeUp(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async #sleep(): Promise<void> {
    if (this.#woken || this.#stopping.begun) return;
    const wakeAt = Math.min(this.#pipeline.wakeAt(), this.#intake.lanes.idleAt);
    const rests = !this.#blocked && !this.#intake.pauses && this.#intake.lanes.mayRest;
    if (rests) this.#ports.resting?.(this.id, true);
    await new Promise<void>((resolve) => {
      const cancel = wakeAt < Infinity ? this.#ports.clock.at(wakeAt, resolve) : undefined;
      this.#wake = () => {
        cancel?.();
        resolve();
      };
    });
    this.#wake = undefined;
    if (rests) this.#ports.resting?.(this.id, false);
  }
}
