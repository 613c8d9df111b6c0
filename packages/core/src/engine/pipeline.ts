import { KeyTable } from "../codec/key-table.ts";
import type { Batch } from "../contracts/batch.ts";
import type { Clock } from "../contracts/clock.ts";
import { MillraceError } from "../errors.ts";
import { distinctOperator } from "../operators/distinct/distinct-operator.ts";
import { EnrichOperator } from "../operators/join/enrich-operator.ts";
import { ChangesOperator } from "../operators/changes/changes-operator.ts";
import { LookupOperator } from "../operators/join/lookup-operator.ts";
import { joinOperator } from "../operators/join/join-operator.ts";
import { keyByOperator } from "../operators/key-by.ts";
import type { Operator, OperatorContext } from "../operators/operator.ts";
import { ProcessOperator } from "../operators/process/process-operator.ts";
import { ReduceOperator } from "../operators/reduce/reduce-operator.ts";
import { SessionOperator } from "../operators/session/session-operator.ts";
import { CustomSink } from "../operators/sinks/custom-sink.ts";
import { collectionSink, topicSink, type Outputs } from "../operators/sinks/stored.ts";
import { MapAsyncOperator } from "../operators/map-async/map-async-operator.ts";
import type { Stopping } from "../operators/stopping.ts";
import { KeySpace } from "../operators/state/key-space.ts";
import { stampedFrom } from "../operators/batches.ts";
import { branchOperator, filterOperator, flatMapOperator, mapOperator, mergeOperator } from "../operators/stateless.ts";
import { TopOperator } from "../operators/top/top-operator.ts";
import { slicingOf } from "../operators/window/slicing.ts";
import { RetractWindowOperator } from "../operators/window/retract-window.ts";
import { UpdatedWindowOperator } from "../operators/window/updated-window.ts";
import { WindowOperator } from "../operators/window/window-operator.ts";
import type { KeyByNode, Node, WindowNode } from "../graph/nodes.ts";
import { writtenBy } from "./app-graph.ts";
import type { Exchange, Plan, PlannedInput, PlannedOperator, Stage } from "./plan.ts";
import { addsUpdates, keyByOf, needsNoSlots } from "./planner.ts";

/** What a pipeline needs of the partition that it runs in. */
export interface PipelineHost extends Outputs {
  readonly clock: Clock;
  readonly stopping: Stopping;
  readonly keyGroups: number;
  /** Rows for the other side of an exchange. */
  send(exchange: Exchange, batch: Batch): void;
  /** A row failed in user code. */
  fail(operator: PlannedOperator, batch: Batch, row: number, error: unknown): void;
  late(operator: PlannedOperator, count: number): void;
  /** A call of a user's function is made again. */
  retried(): void;
}

interface Placed {
  readonly planned: PlannedOperator;
  /** Undefined for a source, whose rows come from outside. */
  readonly operator: Operator | undefined;
  /** Up to where it has acted. */
  watermark: number;
  /** What it promises to those behind it: ahead of `watermark` where it acts on less than it promises. */
  promised: number;
}

type Follower = (batch: Batch) => void;

/** Inputs of a stage, by source operator and exchange. */
export interface Paused {
  readonly sources: Set<number>;
  readonly exchanges: Set<number>;
}

const NOTHING_PAUSED: Paused = { sources: new Set(), exchanges: new Set() };

/** The operators of one partition of a stage, wired to each other. */
export class Pipeline {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #placed = new Map<number, Placed>();
  readonly #keySpaces = new Map<number, KeySpace>();
  readonly #following = new Map<string, Follower[]>();
  readonly #keyGroups: number;
  /** Watermarks of what comes in from outside, by exchange or source operator. */
  readonly #sourceWatermarks = new Map<number, number>();
  readonly #exchangeWatermarks = new Map<number, number>();

  constructor(plan: Plan, stage: Stage, host: PipelineHost) {
    this.#plan = plan;
    this.#stage = stage;
    this.#keyGroups = host.keyGroups;
    this.#wire(stage, host);
    for (const index of stage.operators) {
      const planned = plan.operators[index];
      const context = this.#context(planned, host);
      this.#placed.set(index, { planned, operator: this.#make(planned, context, host), watermark: -Infinity, promised: -Infinity });
    }
  }

  /** The keys of a keyBy's stream in this partition, made when first asked for. */
  keySpace(keyBy: number): KeySpace {
    let space = this.#keySpaces.get(keyBy);
    if (space === undefined) this.#keySpaces.set(keyBy, (space = new KeySpace(new KeyTable(), this.#keyGroups)));
    return space;
  }

  /** Estimated memory of keys and of what operators keep, bytes. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const space of this.#keySpaces.values()) bytes += space.table.memoryBytes;
    for (const { operator } of this.#placed.values()) for (const table of operator?.tables ?? []) bytes += table.memoryBytes;
    return bytes;
  }

  /** The operators that keep state, with the address of their tables. */
  *stateful(): Iterable<{ readonly address: string; readonly operator: Operator }> {
    for (const { planned, operator } of this.#placed.values()) {
      if (operator !== undefined && operator.tables.length > 0) yield { address: addressOf(this.#plan, planned), operator };
    }
  }

  /**
   * Rows that a source read. Their split may have been idle while the source's watermark went past
   * it: what was promised is kept, and they get stamps at or above it. After the end of all input
   * nothing was promised to anybody who could still tell.
   */
  fromSource(operator: number, batch: Batch): void {
    const promised = this.watermark(operator);
    const stamped = promised === Infinity ? batch : stampedFrom(promised, batch);
    for (const follow of this.#followers(operator, 0)) follow(stamped);
  }

  /** Rows that came across an exchange. */
  fromExchange(exchange: Exchange, batch: Batch): void {
    this.#placed.get(exchange.to.operator)?.operator?.process(exchange.to.input, batch);
  }

  /** Raises the watermarks of what comes in and drives operators, each after its inputs, up to them. True where one that is committed rose. */
  advance(sources: ReadonlyMap<number, number>, exchanges: ReadonlyMap<number, number>): boolean {
    let risen = false;
    for (const [operator, watermark] of sources) this.#sourceWatermarks.set(operator, watermark);
    for (const [exchange, watermark] of exchanges) this.#exchangeWatermarks.set(exchange, watermark);
    for (const placed of this.#placed.values()) {
      const { operator, planned } = placed;
      if (operator?.holdsBack?.() === true) continue;
      const watermark = this.#inputWatermark(planned);
      const before = placed.promised;
      if (watermark > placed.watermark) {
        placed.watermark = watermark;
        operator?.advance(watermark);
        if (planned.role !== "combine") risen = true;
      }
      this.#promise(placed);
      if (placed.promised > before && planned.role !== "combine") risen = true;
    }
    return risen;
  }

  #promise(placed: Placed): void {
    const { operator, planned, watermark } = placed;
    const promised = operator?.promises === undefined ? watermark : Math.max(watermark, operator.promises(this.#watermarkOf(planned.inputs[0])));
    if (promised > placed.promised) placed.promised = promised;
  }

  /** Tells operators that state was loaded, with the watermarks of the last commit, of what comes in and of operators by id, and with its `wakeAt`. */
  restored(sources: ReadonlyMap<number, number>, exchanges: ReadonlyMap<number, number>, operators: ReadonlyMap<string, number>, wakeAt: number): void {
    for (const [operator, watermark] of sources) this.#sourceWatermarks.set(operator, watermark);
    for (const [exchange, watermark] of exchanges) this.#exchangeWatermarks.set(exchange, watermark);
    for (const placed of this.#placed.values()) {
      // Not the input's watermark, which may be ahead: what lies between has not been acted on.
      placed.watermark = (placed.planned.role === "combine" ? undefined : operators.get(placed.planned.node.id)) ?? -Infinity;
      placed.operator?.restored?.(placed.watermark, wakeAt);
      this.#promise(placed);
    }
  }

  /** The watermark of an operator's output. */
  watermark(operator: number): number {
    return this.#placed.get(operator)?.promised ?? -Infinity;
  }

  /** By topic and change log that is written here: no stamp of what will be written is below. */
  writtenTimes(): Map<string, number> {
    const times = new Map<string, number>();
    for (const { planned, watermark } of this.#placed.values()) {
      const { spec } = planned.node;
      const name = spec.kind === "sink" ? writtenBy(spec.target) : undefined;
      if (name !== undefined) times.set(name, Math.min(times.get(name) ?? Infinity, watermark));
    }
    return times;
  }

  /** By operator id: up to where each has acted. */
  watermarks(): Map<string, number> {
    const watermarks = new Map<string, number>();
    for (const { planned, watermark } of this.#placed.values()) if (planned.role !== "combine") watermarks.set(planned.node.id, watermark);
    return watermarks;
  }

  get needsSettling(): boolean {
    for (const { operator } of this.#placed.values()) if (operator?.settle !== undefined) return true;
    return false;
  }

  /** Waits until nothing is outside any more, including the calls that results and flushed rows start. */
  async settle(): Promise<void> {
    this.flush();
    for (let waiting = this.#holdingBack(); waiting !== undefined; waiting = this.#holdingBack()) {
      await waiting.settle?.();
      this.advance(this.#sourceWatermarks, this.#exchangeWatermarks);
      this.flush();
    }
  }

  /** Whether an operator has more than it can start at once. */
  get saturated(): boolean {
    for (const { operator } of this.#placed.values()) if (operator?.saturated?.() === true) return true;
    return false;
  }

  /** What should wait, source operators and exchanges of this stage: an operator behind them holds too much. */
  paused(): Paused {
    let paused: Paused = NOTHING_PAUSED;
    for (const placed of this.#placed.values()) {
      const { operator, planned } = placed;
      if (operator?.overfull?.(this.#watermarkOf(planned.inputs[0])) !== true) continue;
      if (paused === NOTHING_PAUSED) paused = { sources: new Set(), exchanges: new Set() };
      this.#pause(planned.inputs[0], paused);
    }
    return paused;
  }

  #pause(input: PlannedInput, paused: Paused): void {
    if (input.kind === "exchange") {
      paused.exchanges.add(input.exchange);
      return;
    }
    const { inputs, node } = this.#plan.operators[input.operator];
    if (inputs.length === 0) paused.sources.add(input.operator);
    // A table gives nothing by itself.
    else for (const before of node.spec.kind === "enrich" || node.spec.kind === "lookup" ? inputs.slice(0, 1) : inputs) this.#pause(before, paused);
  }

  flush(): void {
    for (const { operator } of this.#placed.values()) operator?.flush?.();
  }

  /** Called between commits: keys that no state refers to may be forgotten. */
  sweep(): void {
    for (const space of this.#keySpaces.values()) space.sweep();
  }

  tick(now: number): void {
    for (const { operator } of this.#placed.values()) operator?.tick?.(now);
  }

  wakeAt(): number {
    let at = Infinity;
    for (const { operator } of this.#placed.values()) at = Math.min(at, operator?.wakeAt?.() ?? Infinity);
    return at;
  }

  /** The first operator whose rows are outside. */
  #holdingBack(): Operator | undefined {
    for (const { operator } of this.#placed.values()) if (operator?.holdsBack?.() === true) return operator;
    return undefined;
  }

  #inputWatermark(planned: PlannedOperator): number {
    if (planned.inputs.length === 0) return this.#sourceWatermarks.get(planned.index) ?? -Infinity;
    let watermark = Infinity;
    for (const input of planned.inputs) watermark = Math.min(watermark, this.#watermarkOf(input));
    return watermark;
  }

  #watermarkOf(input: PlannedInput): number {
    return input.kind === "local" ? (this.#placed.get(input.operator)?.promised ?? -Infinity) : (this.#exchangeWatermarks.get(input.exchange) ?? -Infinity);
  }

  /** Finds, once, what follows each output port of the stage's operators. */
  #wire(stage: Stage, host: PipelineHost): void {
    const follow = (operator: number, port: number, follower: Follower): void => {
      const name = `${operator}:${port}`;
      const there = this.#following.get(name);
      if (there === undefined) this.#following.set(name, [follower]);
      else there.push(follower);
    };
    for (const index of stage.operators) {
      this.#plan.operators[index].inputs.forEach((input, at) => {
        if (input.kind === "local") follow(input.operator, input.port, (batch) => this.#placed.get(index)?.operator?.process(at, batch));
      });
    }
    for (const exchange of this.#plan.exchanges) {
      if (exchange.from.stage === stage.index) follow(exchange.from.operator, exchange.from.port, (batch) => host.send(exchange, batch));
    }
  }

  #followers(operator: number, port: number): readonly Follower[] {
    return this.#following.get(`${operator}:${port}`) ?? [];
  }

  #context(planned: PlannedOperator, host: PipelineHost): OperatorContext {
    const ports: (readonly Follower[])[] = [];
    const followers = (port: number): readonly Follower[] => (ports[port] ??= this.#followers(planned.index, port));
    return {
      subject: `workflow ${this.#plan.workflow.name}, operator ${planned.node.id}`,
      address: addressOf(this.#plan, planned),
      keyGroups: host.keyGroups,
      clock: host.clock,
      stopping: host.stopping,
      emit: (port, batch) => {
        for (const follow of followers(port)) follow(batch);
      },
      connected: (port) => followers(port).length > 0,
      fail: (batch, row, error) => host.fail(planned, batch, row, error),
      late: (count) => host.late(planned, count),
      retried: () => host.retried(),
    };
  }

  /** Keys that are needed in other stages only, or by none that keeps something under a slot, stay where they are. */
  #makeKeyBy(node: Node, spec: KeyByNode, context: OperatorContext): Operator {
    const { workflow, operators } = this.#plan;
    const keyBy = keyByOf(workflow, node, false) ?? node.index;
    const stays = operators.some(({ stage, node: user }) => stage === this.#stage.index && keyByOf(workflow, user, true) === keyBy);
    return keyByOperator(spec, this.keySpace(keyBy), !stays || needsNoSlots(workflow, keyBy), context);
  }

  #inputKeys(node: Node, context: OperatorContext): KeySpace {
    const keyBy = keyByOf(this.#plan.workflow, node, true);
    if (keyBy === undefined) throw new MillraceError("MILLRACE_GRAPH", context.subject, "its input has no keys; put keyBy before it");
    return this.keySpace(keyBy);
  }

  #make(planned: PlannedOperator, context: OperatorContext, host: PipelineHost): Operator | undefined {
    const { node, role } = planned;
    const { spec } = node;
    switch (spec.kind) {
      case "source":
        return undefined;
      case "map":
        return mapOperator(spec, context);
      case "filter":
        return filterOperator(spec, node.mode, context);
      case "flat-map":
        return flatMapOperator(spec, context);
      case "branch":
        return branchOperator(spec, node.mode, context);
      case "merge":
        return mergeOperator(context);
      case "key-by":
        return this.#makeKeyBy(node, spec, context);
      case "window": {
        if (spec.window.kind === "carried" && addsUpdates(this.#plan.workflow, node)) return new UpdatedWindowOperator(spec, spec.window.size, context);
        const windows = [spec, ...planned.sharing.map((other) => other.spec as WindowNode)];
        const slicing = slicingOf(windows.map(({ window }) => window));
        const keyBy = keyByOf(this.#plan.workflow, node, true);
        const keys = keyBy === undefined ? undefined : this.keySpace(keyBy);
        if (spec.window.kind === "session") return new SessionOperator(spec, spec.window.gap, role, keys, context);
        if (slicing !== undefined && addsUpdates(this.#plan.workflow, node)) return new RetractWindowOperator(spec, slicing, keys, context);
        if (slicing === undefined) throw new MillraceError("MILLRACE_GRAPH", context.subject, `it cannot make windows of kind ${spec.window.kind}`);
        return new WindowOperator(windows, slicing, role, keys, context);
      }
      case "distinct":
        return distinctOperator(spec, this.#inputKeys(node, context), context);
      case "join":
        return joinOperator(spec, this.#inputKeys(node, context), context);
      case "enrich":
        return new EnrichOperator(spec, this.#inputKeys(node, context), context);
      case "changes":
        return new ChangesOperator(this.#inputKeys(node, context), context);
      case "lookup":
        return new LookupOperator(spec, this.#inputKeys(node, context), context);
      case "map-async":
        return new MapAsyncOperator(spec, context);
      case "top": {
        const from = this.#plan.workflow.nodes[node.inputs[0].node];
        return new TopOperator(spec, role, from.mode, context);
      }
      case "process":
        return new ProcessOperator(spec, this.#inputKeys(node, context), context);
      case "reduce":
        return new ReduceOperator(spec, role, this.#inputKeys(node, context), context);
      case "sink":
        if (spec.target.kind === "sink") return new CustomSink(spec.target, context);
        return spec.target.kind === "topic" ? topicSink(spec.target, host, context) : collectionSink(spec.target, host, context);
    }
  }
}

function addressOf(plan: Plan, planned: PlannedOperator): string {
  return `${plan.workflow.name}/${planned.node.id}`;
}
