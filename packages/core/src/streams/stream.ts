import type { ChangeMode, Key } from "../contracts/batch.ts";
import { MillraceError } from "../errors.ts";
import type { Aggregate, AggregateShape, Results } from "../graph/aggregate.ts";
import { checkOptions, type OptionNames } from "../graph/check-options.ts";
import { checkAggregate, checkClosure, shown } from "../graph/check-closure.ts";
import type { GraphBuilder } from "../graph/graph.ts";
import { retracting } from "../graph/retracting.ts";
import type { OutputOf, ProcessSpec, SideShape } from "../graph/process.ts";
import type { StateShape } from "../graph/state.ts";
import { reducing } from "../operators/aggregates/reducing.ts";
import { LATE, LATE_RIGHT, RESULTS, type Input, type JoinKind, type JoinNode, type NodeSpec } from "../graph/nodes.ts";
import type { Collection, Sink, Target, Topic } from "../graph/refs.ts";
import { versionOf, type VersionOptions } from "../graph/version.ts";
import type { Window, WindowSpec } from "../graph/window.ts";
import { milliseconds, type Duration } from "../time/duration.ts";
import type { Call } from "../operators/map-async/call.ts";
import { mapAsyncNode, type MapAsyncOptions } from "./async.ts";
import { checkSameWorkflow, intervalOf, type JoinOptions, type LeftOf, type RightOf, type Table, type TableOptions, type Within } from "./join.ts";

/** Where a stream comes from in the graph that is being built. */
interface Origin {
  readonly builder: GraphBuilder;
  readonly input: Input;
  readonly mode: ChangeMode;
}

export interface OperatorOptions {
  /** Names the operator's state; without one the id follows from the graph and binds the state to it. */
  readonly id?: string;
}

/** The version is that of what values are reduced to. */
export type ReduceOptions<T> = OperatorOptions & VersionOptions<T>;

export interface EnrichOptions extends OperatorOptions {
  /**
   * "event-time" (default): the row as it was at the value's event time, the same however fast both are read;
   * the value waits for the table. "arrival": the row as it was read last; nothing waits. Which one that is
   * depends on how fast both come; it is committed with the value, so that after a crash it is the same.
   */
  readonly asOf?: "event-time" | "arrival";
}

export interface WindowOptions {
  /** How long after its end a window still takes atoms. Default 0. */
  readonly lateness?: Duration;
  /** Shows results of open windows at this interval of processing time. Default: only when a window closes. */
  readonly early?: Duration;
}

/** Append while nothing can change what was said; lateness and early results make updates. */
type WindowMode<O extends WindowOptions, M extends ChangeMode> = O extends { readonly lateness: Duration } | { readonly early: Duration }
  ? "upsert"
  : M;

/** A stream of values of type T. `M` says whether rows are facts (append) or changes of rows. */
export class Stream<T, M extends ChangeMode = "append"> {
  protected readonly origin: Origin;
  /** For the compiler only: a stream of updates is no stream of facts. */
  declare protected readonly changes: M;

  constructor(origin: Origin) {
    this.origin = origin;
  }

  /** One value for each value. The closure gets a value that it may keep. */
  map<U>(map: (value: T) => U, options: OperatorOptions = {}): Stream<U, M> {
    return new Stream(this.#then({ kind: "map", map }, options));
  }

  /** Keeps the values for which the closure says true. The closure must not keep the value. */
  filter<S extends T>(filter: (value: T) => value is S, options?: OperatorOptions): Stream<S, M>;
  filter(filter: (value: T) => boolean, options?: OperatorOptions): Stream<T, M>;
  filter(filter: (value: T) => boolean, options: OperatorOptions = {}): Stream<T, M> {
    return new Stream(this.#then({ kind: "filter", filter }, options));
  }

  /** Any number of values for each value. */
  flatMap<U>(flatMap: (value: T) => Iterable<U>, options: OperatorOptions = {}): Stream<U, M> {
    return new Stream(this.#then({ kind: "flat-map", flatMap }, options));
  }

  /**
   * Calls a function outside for each value: bounded concurrency, a timeout per attempt, retries with
   * backoff. A value whose last attempt fails goes to the dead letters. A step commits together with
   * the answers of its calls; after a crash they may be repeated, with the same idempotency key, and
   * only one answer counts. Of all operators only this one retries: other closures are taken to be
   * pure, so one that throws would throw again, and its element goes to the dead letters at once.
   */
  mapAsync<U>(call: (value: T, call: Call) => U | Promise<U>, options: MapAsyncOptions<T> = {}): Stream<Awaited<U>, M> {
    const spec = mapAsyncNode(call, options, `workflow ${this.origin.builder.workflow}: mapAsync`);
    // Changes of one row must not overtake each other.
    const ordered = spec.ordered || this.origin.mode !== "append";
    return new Stream(this.#then({ ...spec, ordered }, options.id === undefined ? {} : { id: options.id }));
  }

  /** Gives each atom a key: a scalar or a tuple of scalars. The closure must not keep the value. */
  keyBy<const K extends Key>(key: (value: T) => K, options: OperatorOptions = {}): KeyedStream<T, K, M> {
    return new KeyedStream(this.#then({ kind: "key-by", key }, options, true));
  }

  /** The atoms of this stream and of others of the same type. */
  merge(...others: readonly Stream<T, M>[]): Stream<T, M> {
    const inputs = [this.origin.input, ...others.map((other) => other.origin.input)];
    const node = this.origin.builder.add({ id: undefined, inputs, spec: { kind: "merge" }, keyed: false, mode: this.origin.mode });
    return new Stream({ ...this.origin, input: { node: node.index, port: RESULTS } });
  }

  /** Sends each value to the first branch whose closure says true; the others to `rest`. */
  branch<const B extends Readonly<Record<string, (value: T) => boolean>>>(
    branches: B,
    options: OperatorOptions = {},
  ): { readonly [Name in keyof B | "rest"]: Stream<T, M> } {
    const names = Object.keys(branches);
    const origin = this.#then({ kind: "branch", names, branches: Object.values(branches) }, options);
    const streams = [...names, "rest"].map((name, port): [string, Stream<T, M>] => [
      name,
      new Stream({ ...origin, input: { node: origin.input.node, port } }),
    ]);
    return Object.fromEntries(streams) as { readonly [Name in keyof B | "rest"]: Stream<T, M> };
  }

  /**
   * The first atom of each identity; repeats are dropped while the identity is remembered: `within`
   * of event time after the first one's time, by default for ever.
   */
  distinct(identity: (value: T) => Key, options: OperatorOptions & { readonly within?: Duration } = {}): Stream<T, M> {
    const within = options.within === undefined ? Infinity : milliseconds(options.within, `workflow ${this.origin.builder.workflow}: distinct`);
    const { builder, input, mode } = this.#then({ kind: "key-by", key: identity }, {}, true);
    const node = builder.add({ id: options.id, inputs: [input], spec: { kind: "distinct", within }, keyed: true, mode });
    return new Stream({ builder, input: { node: node.index, port: RESULTS }, mode });
  }

  /** Windows over all atoms, whatever their key; partial results are merged, so no instance sees every atom. */
  window<const O extends WindowOptions = {}>(window: WindowSpec, options?: O): WindowedStream<T, undefined, WindowMode<O, M>> {
    return new WindowedStream(this.origin, window, options ?? {}, false);
  }

  /** Writes the values to a topic, upserts them into a collection, or hands them to a sink. */
  to(target: Target<T>, options: OperatorOptions = {}): void {
    this.#then({ kind: "sink", target: target as Topic<unknown> | Collection<unknown> | Sink<unknown> }, options);
  }

  #then(spec: NodeSpec, options: OperatorOptions, keyed = false): Origin {
    const { builder, input, mode } = this.origin;
    const node = builder.add({ id: options.id, inputs: [input], spec, keyed, mode });
    return { builder, input: { node: node.index, port: RESULTS }, mode };
  }
}

/** A stream whose atoms have keys: what is kept is kept per key. */
export class KeyedStream<T, K extends Key, M extends ChangeMode = "append"> {
  readonly #origin: Origin;

  constructor(origin: Origin) {
    this.#origin = origin;
  }

  /** Windows per key. */
  window<const O extends WindowOptions = {}>(window: WindowSpec, options?: O): WindowedStream<T, K, WindowMode<O, M>> {
    return new WindowedStream(this.#origin, window, options ?? {}, true);
  }

  /**
   * The values of each key reduced to one, two at a time: an update whenever it changes, the last when
   * the input has ended. `reduce` must be associative (and commutative, where a key's atoms come from
   * several partitions) and must not change its arguments.
   */
  reduce(this: KeyedStream<T, K>, reduce: (a: T, b: T) => T, options: ReduceOptions<T> = {}): Stream<T, "upsert"> {
    const { builder, input } = this.#origin;
    const version = versionOf(options, `workflow ${builder.workflow}: reduce`);
    const node = builder.add({ id: options.id, inputs: [input], spec: { kind: "reduce", reduce, version }, keyed: true, mode: "upsert" });
    return new Stream({ builder, input: { node: node.index, port: RESULTS }, mode: "upsert" });
  }

  /** A function of the elements of each key, with state, timers and side outputs: see `ProcessSpec`. */
  process<const S extends StateShape = {}, Out = never, const Sides extends SideShape = {}>(
    spec: ProcessSpec<T, K, S, Out, Sides>,
    options: OperatorOptions = {},
  ): Processed<Out, Sides> {
    const { builder, input } = this.#origin;
    const sides = Object.keys(spec.sides ?? {});
    for (const name of ["onElement", "onTimer"] as const) if (name === "onElement" || spec[name] !== undefined) checkClosure(spec[name], `workflow ${builder.workflow}: process, ${name}`);
    const node = builder.add({
      id: options.id,
      inputs: [input],
      spec: {
        kind: "process",
        state: spec.state ?? {},
        sides,
        onElement: (value: never, context: never) => spec.onElement(value, context),
        onTimer: spec.onTimer === undefined ? undefined : (time, context: never) => spec.onTimer?.(time, context),
      },
      keyed: true,
      mode: "append",
    });
    return new Processed({ builder, input: { node: node.index, port: RESULTS }, mode: "append" }, sides);
  }

  /** Pairs atoms of this stream (left) with those of another (right) that have the same key: per window, or within an interval. */
  join<U, const J extends JoinKind = "inner">(
    this: KeyedStream<T, K>,
    other: KeyedStream<U, K>,
    options: JoinOptions<J> = {},
  ): JoinedStreams<T, U, J> {
    if (!(other instanceof KeyedStream)) {
      throw new MillraceError("MILLRACE_USAGE", `workflow ${this.#origin.builder.workflow}: join`, "the other stream has no key; join it by one: .join(other.keyBy((value) => …))");
    }
    checkSameWorkflow(this.#origin.builder, other.#origin.builder, "join");
    return new JoinedStreams(this.#origin, other.#origin.input, options.kind ?? "inner");
  }

  /** Takes the values as rows of a table: a value replaces the row of its key from its event time on. */
  asTable(options: TableOptions<T> = {}): Table<T, K> {
    return { kind: "table", builder: this.#origin.builder, input: this.#origin.input, deleted: options.deleted };
  }

  /**
   * Gives each value the row that a table had for its key at the value's event time, or undefined
   * where it had none. A value waits until the watermarks of both have passed its time, so a table
   * that stands still holds values back until its split is idle. Values that are late (further
   * behind than their source's bound) go to `late`; a change of the table that is late counts from
   * as early as nothing has been given out. Results have the value's time. With `{ asOf: "arrival" }`
   * nothing waits and nothing is late: a value gets the row that was read last when it comes.
   */
  enrich<R, Z>(
    this: KeyedStream<T, K>,
    table: Table<R, K>,
    enrich: (value: T, row: R | undefined) => Z,
    options: EnrichOptions = {},
  ): Enriched<Z, T, K> {
    const { builder, input } = this.#origin;
    checkSameWorkflow(builder, table.builder, "enrich");
    const { asOf = "event-time" } = options;
    if (asOf !== "event-time" && asOf !== "arrival") {
      throw new MillraceError("MILLRACE_USAGE", `workflow ${builder.workflow}: enrich`, `asOf is ${JSON.stringify(asOf)}; give "event-time" or "arrival"`);
    }
    const spec: NodeSpec = { kind: asOf === "arrival" ? "lookup" : "enrich", enrich, deleted: table.deleted };
    const node = builder.add({ id: options.id, inputs: [input, table.input], spec, keyed: true, mode: "append" });
    return new Enriched({ builder, input: { node: node.index, port: RESULTS }, mode: "append" });
  }
}

/** What a `process` emits; its side outputs are streams of their own. */
export class Processed<Out, Sides extends SideShape> extends Stream<Out> {
  readonly #sides: readonly string[];

  constructor(origin: Origin, sides: readonly string[]) {
    super(origin);
    this.#sides = sides;
  }

  side<Name extends keyof Sides & string>(name: Name): Stream<OutputOf<Sides[Name]>> {
    const side = this.#sides.indexOf(name);
    if (side < 0) throw new MillraceError("MILLRACE_GRAPH", `workflow ${this.origin.builder.workflow}: process`, `it has no side output ${name}`);
    return new Stream({ ...this.origin, input: { node: this.origin.input.node, port: side + 1 } });
  }
}

/** Two keyed streams that are to be joined: say which atoms are pairs. */
export class JoinedStreams<T, U, J extends JoinKind> {
  readonly #left: Origin;
  readonly #right: Input;
  readonly #kind: JoinKind;

  constructor(left: Origin, right: Input, kind: JoinKind) {
    this.#left = left;
    this.#right = right;
    this.#kind = kind;
  }

  /** All pairs of a key that lie in the same tumbling or sliding window, given when it ends. */
  window(window: WindowSpec): JoinWindows<T, U, J> {
    return new JoinWindows((by, options) => this.#join({ kind: "window", window }, by, options));
  }

  /**
   * All pairs of a key whose right time lies between the left time less `before` and the left time
   * plus `after`; each is given once, when the second of the two has come, with the later time. In
   * an outer join an atom without a partner is given when no partner can come any more, with the
   * end of its interval as its time. An atom is late, and part of no pair, when it is further
   * behind than its source's bound.
   */
  within<Z>(interval: Within, by: (left: LeftOf<T, J>, right: RightOf<U, J>) => Z, options: OperatorOptions = {}): JoinResults<Z, T, U> {
    return this.#join(intervalOf(interval, this.#left.builder), by, options);
  }

  #join<Z>(on: JoinNode["on"], by: JoinNode["by"], options: OperatorOptions): JoinResults<Z, T, U> {
    const { builder, input } = this.#left;
    const spec: NodeSpec = { kind: "join", join: this.#kind, on, by };
    const node = builder.add({ id: options.id, inputs: [input, this.#right], spec, keyed: true, mode: "append" });
    return new JoinResults({ builder, input: { node: node.index, port: RESULTS }, mode: "append" });
  }
}

export class JoinWindows<T, U, J extends JoinKind> {
  readonly #join: <Z>(by: JoinNode["by"], options: OperatorOptions) => JoinResults<Z, T, U>;

  constructor(join: <Z>(by: JoinNode["by"], options: OperatorOptions) => JoinResults<Z, T, U>) {
    this.#join = join;
  }

  /** One result for each pair; where the join is outer, also for an atom whose side alone has any in the window. */
  by<Z>(by: (left: LeftOf<T, J>, right: RightOf<U, J>, window: Window) => Z, options: OperatorOptions = {}): JoinResults<Z, T, U> {
    return this.#join(by, options);
  }
}

/** Results of a join. A pair whose closure throws goes to the dead letters as `{ left, right }`. */
export class JoinResults<Z, T, U> extends Stream<Z> {
  /** Atoms that came too late for any pair, by side: never part of a result, never lost. */
  get late(): { readonly left: Stream<T>; readonly right: Stream<U> } {
    const { node } = this.origin.input;
    return {
      left: new Stream({ ...this.origin, input: { node, port: LATE } }),
      right: new Stream({ ...this.origin, input: { node, port: LATE_RIGHT } }),
    };
  }
}

/** Values with the rows of a table. */
export class Enriched<Z, T, K extends Key = Key> extends Stream<Z> {
  /** The same with the keys that the values had: what is kept next under them needs no other way to it, such as a further table or `process`. */
  get keyed(): KeyedStream<Z, K> {
    return new KeyedStream(this.origin);
  }

  /** Values that were further behind than their source's bound. */
  get late(): Stream<T> {
    return new Stream({ ...this.origin, input: { node: this.origin.input.node, port: LATE } });
  }
}

/** A row that a window made: its window, its key where the stream was keyed, and the aggregates by name. */
export type WindowRow<K, S> = Shown<{ readonly window: Window } & (K extends undefined ? unknown : { readonly key: K }) & Results<S>>;

/** The same type with its fields written out, so that messages and editors show them. */
type Shown<T> = { readonly [Name in keyof T]: T[Name] } & {};

const WINDOW_KINDS: ReadonlySet<string> = new Set<WindowSpec["kind"]>(["tumbling", "sliding", "session", "global", "carried"]);
const WINDOW_OPTIONS: OptionNames<WindowOptions> = { lateness: true, early: true };

export class WindowedStream<T, K extends Key | undefined, M extends ChangeMode> {
  readonly #origin: Origin;
  readonly #window: WindowSpec;
  readonly #options: WindowOptions;
  readonly #keyed: boolean;

  constructor(origin: Origin, window: WindowSpec, options: WindowOptions, keyed: boolean) {
    this.#origin = origin;
    this.#window = window;
    this.#options = options;
    this.#keyed = keyed;
    const where = `workflow ${origin.builder.workflow}: window`;
    checkOptions(options, WINDOW_OPTIONS, where);
    if (!WINDOW_KINDS.has(window?.kind)) throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(window)}; give it tumbling("15m"), sliding("1h", "5m"), session("30m") or global()`);
  }

  /** One row per window (and key), whose `value` is what the window's values are reduced to; `reduce` is associative and commutative. */
  reduce(reduce: (a: T, b: T) => T, options: ReduceOptions<T> = {}): WindowResults<WindowRow<K, { readonly value: Aggregate<T, readonly T[], T> }>, T, M> {
    return this.aggregate({ value: reducing(reduce, options) }, options);
  }

  /** One row per window (and key) with the named aggregates. */
  aggregate<const S extends AggregateShape<T>>(shape: S, options: OperatorOptions = {}): WindowResults<WindowRow<K, S>, T, M> {
    const what = `workflow ${this.#origin.builder.workflow}: window`;
    for (const [name, aggregate] of Object.entries(shape)) {
      checkAggregate(aggregate, `${what}, aggregate ${name}`);
      const { version = 1 } = aggregate;
      versionOf({ version }, `${what}, aggregate ${name}`);
      if (name === "key" || name === "window") {
        throw new MillraceError("MILLRACE_USAGE", what, `an aggregate cannot be named ${name}: the row has a field of that name`);
      }
    }
    const changing = this.#origin.mode !== "append" && this.#window.kind !== "carried";
    if (changing) refuseIrreversible(shape, this.#window, what);
    const input = changing ? retracting(this.#origin.builder, this.#origin.input, what) : this.#origin.input;
    const lateness = milliseconds(this.#options.lateness ?? 0, `${what}'s lateness`);
    const early = this.#options.early === undefined ? Infinity : milliseconds(this.#options.early, `${what}'s early interval`);
    const mode: ChangeMode = lateness > 0 || early < Infinity ? "upsert" : changing ? "append" : this.#origin.mode;
    const node = this.#origin.builder.add({
      id: options.id,
      inputs: [input],
      spec: {
        kind: "window",
        window: this.#window,
        aggregates: Object.entries(shape).map(([name, aggregate]) => ({ name, aggregate })),
        lateness,
        early,
      },
      keyed: this.#keyed,
      mode,
    });
    const origin: Origin = { builder: this.#origin.builder, input: { node: node.index, port: RESULTS }, mode };
    return new WindowResults(origin, this.#window, lateness);
  }
}

/** Throws MILLRACE_GRAPH for what cannot take back what was added. */
function refuseIrreversible(shape: AggregateShape<never>, window: WindowSpec, what: string): void {
  if (window.kind === "session") throw new MillraceError("MILLRACE_GRAPH", what, "its input changes, and a session cannot be taken apart again; use tumbling, sliding or global windows");
  for (const [name, aggregate] of Object.entries(shape)) {
    if ("retractMany" in aggregate || "retract" in aggregate) continue;
    throw new MillraceError("MILLRACE_GRAPH", `${what}, aggregate ${name}`, "its input changes, and it cannot take back what was added; use count, sum, mean, variance, collect, or an aggregate of yours with retract()");
  }
}

/** Rows of windows: they can compete or be added up inside their window. */
export class WindowResults<R, T, M extends ChangeMode> extends Stream<R, M> {
  readonly #window: WindowSpec;
  readonly #lateness: number;

  constructor(origin: Origin, window: WindowSpec, lateness: number) {
    super(origin);
    this.#window = window;
    this.#lateness = lateness;
  }

  /** Atoms that came after their windows had closed: never part of a result, never lost. */
  get late(): Stream<T> {
    return new Stream({ ...this.origin, mode: "append", input: { node: this.origin.input.node, port: LATE } });
  }

  /** The `size` rows of each window with the largest `by`, ties by ascending key, with their rank from 1. */
  top(size: number, by: (row: R) => number, options: OperatorOptions & { readonly per: "window" }): Stream<R & { readonly rank: number }, M> {
    const { builder, input, mode } = this.origin;
    const node = builder.add({
      id: options.id,
      inputs: [input],
      spec: { kind: "top", size, by, windowSize: this.#size("top"), lateness: this.#lateness },
      keyed: false,
      mode,
    });
    return new Stream({ builder, input: { node: node.index, port: RESULTS }, mode });
  }

  /** The same windows over the rows of all keys: what is aggregated next is aggregated per window. */
  perWindow(): WindowedStream<R, undefined, M> {
    const options: WindowOptions = this.#lateness > 0 ? { lateness: this.#lateness } : {};
    return new WindowedStream(this.origin, { kind: "carried", size: this.#size("perWindow") }, options, false);
  }

  #size(operator: string): number {
    if (this.#window.kind === "session") {
      throw new MillraceError(
        "MILLRACE_GRAPH",
        `workflow ${this.origin.builder.workflow}: ${operator}`,
        "sessions of different keys have different windows; aggregate them in a tumbling window first",
      );
    }
    return this.#window.kind === "global" ? Infinity : this.#window.size;
  }
}
