import { DEFAULT_KEY_GROUPS } from "../codec/murmur2.ts";
import type { Key } from "../contracts/batch.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Ledger } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import type { Topics } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import type { AnyCollection, Collection, Topic } from "../graph/refs.ts";
import { appGraph } from "./app-graph.ts";
import { BatchDecoder } from "./batch-codec.ts";
import { Editor, type Edit, type EditOptions } from "./collections/edits.ts";
import type { CollectionRow } from "./collections/rows.ts";
import type { Subscriber } from "./collections/subscribers.ts";
import { Coordinator } from "./coordinator.ts";
import { generatorSource, type Generator } from "./generator.ts";
import { refuseLoops } from "./loops.ts";
import { Ingest, type AppendOutcome, type AppendRequest } from "./ingest.ts";
import { inThreadHost, type Host } from "./hosting/host.ts";
import { poolsOf, type StageInstances, type StagePool } from "./hosting/pools.ts";
import { Supervisor } from "./hosting/supervisor.ts";
import { AppendTimes } from "./metrics/append-times.ts";
import { collectMetrics } from "./metrics/collect.ts";
import type { RuntimeMetrics } from "./metrics/metrics.ts";
import { planOptions, type Cut, type Plan } from "./plan.ts";
import { settlePlan } from "./migration.ts";
import { reopenedSources } from "./reopening.ts";
import type { PartitionStats } from "./stats.ts";
import { mostWaiting, TopicReaders } from "./topic-readers.ts";
import { pagesOf, readAtoms, topicSource, type TopicSignal } from "./topic-source.ts";

/** What stands behind a topic's name where it is not the ledger's own store. */
export type SourceBinding = Source | Generator<unknown>;

export interface RuntimeOptions {
  readonly workflows: readonly Workflow[];
  readonly ledger: Ledger & Topics;
  readonly clock: Clock;
  readonly sources?: Readonly<Record<string, SourceBinding>>;
  /** Collections that are edited, beside those that workflows write or read. */
  readonly collections?: readonly AnyCollection[];
  /** Change logs of collections are compacted above this many bytes. Default 16 MiB. */
  readonly changeLogBytes?: number;
  /** Default: "none" with one partition, else "shuffle". */
  readonly cut?: Cut;
  /** At most so many instances. Without `idleAfter` or `stages` so many always. Default 1. */
  readonly instances?: number;
  /** Into how many partitions keys are divided; rounded up to a power of two. Default: as many as there are instances. */
  readonly partitions?: number;
  /**
   * About how many bytes of keyed state are in memory, of all instances together. Above it partitions
   * take turns, and what is sent to a closed one waits in the ledger. One partition of each instance is
   * open always, whatever it holds. Default: no limit. With it, `partitions` is 64 where it is not given.
   * With it, or with more partitions than instances, keyed partitions are opened one after another,
   * those first for which something waits, so that a first result does not wait for all state.
   */
  readonly stateMemory?: number;
  /** Runs the instances; default: one in this thread, which has all partitions. */
  readonly host?: Host;
  /** An instance that had nothing to do for so long is given up; the first atom or timer brings one back. ms; default: never. */
  readonly idleAfter?: number;
  /** So many instances stay for the stages without limits of their own, whatever there is to do. Default 0. */
  readonly min?: number;
  /** Limits of stages, by `workflow/stage`, or by `workflow` for all other stages of it. The rest share what is left. */
  readonly stages?: Readonly<Record<string, StageInstances>>;
  /** Whether one instance without partitions is kept, to bring the first one back faster. Default true. */
  readonly spare?: boolean;
  /** Memory that this thread may take where it is the one instance, bytes: for the GB-seconds of the metrics. Default 0: not known. */
  readonly memory?: number;
  /** How many atoms of a topic may wait for the slowest workflow that reads it before appends from outside wait too. Default 1,000,000; Infinity: they never do. */
  readonly maxWaiting?: number;
  /** Whether topics in the store end where the workflows that write them do; else more may always come. Default false. */
  readonly bounded?: boolean;
}

/** So many times the memory for state, and at least this, a sender may have in the ledger for closed partitions: a turn that loads much then finds much to do. */
const CLOSED_SHARE = 8;
const LEAST_CLOSED = 64 * 1024 * 1024;

/** Workflows that run in one process. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #coordinator: Coordinator;
  readonly #ingest: Ingest;
  readonly #editor: Editor;
  readonly #readers: TopicReaders;
  readonly #plans: readonly Plan[];
  readonly #topics = new Map<string, Topic<unknown>>();
  readonly #growth = new Map<string, Set<() => void>>();
  readonly #signal: TopicSignal;
  readonly #supervisor: Supervisor;
  readonly #appendTimes = new AppendTimes();
  /** The ledger's topics as sources read them. */
  readonly #stored: Pick<Topics, "range" | "read">;

  private constructor(options: RuntimeOptions, plans: readonly Plan[]) {
    this.#options = options;
    this.#plans = plans;
    for (const { nodes } of options.workflows) {
      for (const { spec } of nodes) {
        if (spec.kind === "source") this.#topics.set(spec.topic.name, spec.topic);
        if (spec.kind === "sink" && spec.target.kind === "topic") this.#topics.set(spec.target.name, spec.target);
      }
    }
    const stateMemory = stateMemoryOf(options);
    this.#readers = new TopicReaders(plans, options.ledger, (topic) => options.sources?.[topic] === undefined, mostWaiting(options.maxWaiting));
    this.#coordinator = new Coordinator({
      plans: this.#plans,
      ledger: options.ledger,
      clock: options.clock,
      collections: (options.collections ?? []).map(({ name }) => name),
      ...(options.changeLogBytes === undefined ? {} : { changeLogBytes: options.changeLogBytes }),
      ...(stateMemory === undefined ? {} : { closedBytes: closedBytesFor(stateMemory) }),
      onSend: (partition) => this.#supervisor.wanted(partition),
      onCommit: (commit, offsets) => this.#readers.committed(commit, offsets),
      onAppend: (append, offset) => {
        if (offset !== undefined) this.#appendTimes.note(append, offset);
        this.#wake(append.topic);
      },
      onTime: (topic) => this.#wake(topic),
      bounded: options.bounded === true,
    });
    this.#stored = this.#coordinator.writtenTimes.over(this.#appendTimes.over(options.ledger));
    this.#ingest = new Ingest(this.#coordinator.ledgerForPartitions(), options.clock);
    this.#editor = new Editor(this.#coordinator.ledgerForPartitions(), this.#coordinator.collections);
    this.#signal = {
      onGrowth: (topic, callback) => {
        const callbacks = this.#growth.get(topic);
        if (callbacks === undefined) this.#growth.set(topic, new Set([callback]));
        else callbacks.add(callback);
        return () => this.#growth.get(topic)?.delete(callback);
      },
    };
    this.#supervisor = new Supervisor({
      host: options.host ?? inThreadHost(options.memory),
      plans: this.#plans,
      coordinator: this.#coordinator,
      clock: options.clock,
      keyGroups: DEFAULT_KEY_GROUPS,
      pools: poolsFor(options, plans),
      quota: quotaOf(options),
      ledger: options.ledger,
      source: (topic) => this.#source(topic),
      bound: (topic) => boundSource(options, topic),
      topics: this.#stored,
      signal: this.#signal,
      ...(stateMemory === undefined ? {} : { stateMemory }),
      ...(options.idleAfter === undefined ? {} : { idleAfter: options.idleAfter }),
      ...(options.spare === undefined ? {} : { spare: options.spare }),
    });
  }

  static async start(options: RuntimeOptions): Promise<Runtime> {
    const { workflows, ledger, clock } = options;
    refuseTwins(workflows);
    refuseLoops(workflows, (topic) => options.sources?.[topic] !== undefined);
    const planned = planOptions(options);
    const plans: Plan[] = [];
    const reopened = await reopenedSources(workflows, { ledger, bound: (topic) => boundSource(options, topic), bounded: options.bounded === true });
    const isStored = (topic: string): boolean => options.sources?.[topic] === undefined;
    for (const workflow of workflows) {
      const sources = reopened.get(workflow) ?? new Set<string>();
      plans.push(await settlePlan(workflow, planned, { ledger, clock, keyGroups: DEFAULT_KEY_GROUPS, graph: appGraph(workflows), reopened: { sources, isStored } }));
    }
    const runtime = new Runtime(options, plans);
    await runtime.#start();
    return runtime;
  }

  /** Resolves when bounded input has been taken in; rejects when a partition cannot go on. */
  get finished(): Promise<void> {
    return this.#coordinator.done;
  }

  /** Appends values to a topic; resolves once they are durable. Waits while too many wait there for their slowest reader. */
  async append<T>(topic: Topic<T>, values: readonly T[]): Promise<void> {
    const appended = await this.#readers.admit([topic.name], values.length);
    await this.#ingest.append(topic as Topic<unknown>, values).finally(appended);
  }

  /** Appends rows that were validated before, to several topics in one commit, once for each key; durable when resolved. Waits as `append` does. */
  async request(request: AppendRequest): Promise<AppendOutcome> {
    const topics = [...new Set(request.parts.map(({ topic }) => topic.name))];
    const appended = await this.#readers.admit(topics, request.parts.reduce((rows, part) => rows + part.rows.length, 0));
    return this.#ingest.request(request).finally(appended);
  }

  /** Whether so many atoms of a topic wait for their slowest reader that an append would wait too. */
  isBehind(topic: string): boolean {
    return this.#readers.isBehind(topic);
  }

  /** The values and times of a topic's atoms, in the order of their offsets, partition after partition. */
  async *read(topic: string): AsyncIterable<{ readonly value: unknown; readonly time: number }> {
    const { ledger } = this.#options;
    const decoder = new BatchDecoder(undefined);
    const partitions = (await ledger.topics()).get(topic) ?? 0;
    for (let partition = 0; partition < partitions; partition++) {
      const { start, end } = await ledger.range(topic, partition);
      for (let offset = start; offset < end; ) {
        for (const chunk of await ledger.read(topic, partition, offset, 1024 * 1024)) {
          const { values, times } = readAtoms(chunk.bytes, decoder);
          for (const [i, value] of values.entries()) yield { value, time: times[i] };
          offset = chunk.offset + chunk.count;
        }
      }
    }
  }

  /** What the planner made of the workflows, in their order. */
  get plans(): readonly Plan[] {
    return this.#plans;
  }

  /** The store; what is committed through it is handed on to whoever waits for it. */
  get store(): Ledger & Topics {
    return { ...this.#options.ledger, ...this.#coordinator.ledgerForPartitions() };
  }

  /** Calls back whenever a topic has grown; the result ends it. */
  onGrowth(topic: string, callback: () => void): () => void {
    return this.#signal.onGrowth(topic, callback);
  }

  get(collection: { readonly name: string }, key: Key): unknown {
    return this.#coordinator.collections.get(collection.name, key);
  }

  rows(collection: string): readonly CollectionRow[] {
    return this.#coordinator.collections.rows(collection);
  }

  /** How many rows a collection has. */
  size(collection: string): number {
    return this.#coordinator.collections.size(collection);
  }

  /** How many changes were made to a collection: its version. */
  version(collection: string): number {
    return this.#coordinator.collections.version(collection);
  }

  /** See `CollectionStore.subscribe`. */
  subscribe(collection: string, subscriber: Subscriber, after?: number): () => void {
    return this.#coordinator.collections.subscribe(collection, subscriber, after);
  }

  /** Changes rows of a collection from outside; resolves to its version once that is durable. See `Editor.edit`. */
  edit<T>(collection: Collection<T>, edits: readonly Edit<T>[], options?: EditOptions): Promise<number> {
    return this.#editor.edit(collection, edits, options);
  }

  get collections(): readonly string[] {
    return this.#coordinator.collections.names();
  }

  /** Counters of all partitions: cheap, however often it is asked. */
  stats(): Promise<ReadonlyMap<string, PartitionStats>> {
    return Promise.resolve(new Map([...this.#supervisor.meters].map(([id, { stats }]) => [id, stats])));
  }

  /** All that is measured, of each partition and each stage. Asks the instances how much state they hold. */
  async metrics(): Promise<RuntimeMetrics> {
    const supervisor = this.#supervisor;
    const { ledger, clock } = this.#options;
    const { partitions, stages } = await collectMetrics({
      plans: this.#plans,
      ledger,
      coordinator: this.#coordinator,
      now: clock.now(),
      meters: supervisor.meters,
      stateSizes: await supervisor.stateSizes(),
      failuresInARow: supervisor.failuresInARow,
      holder: (partition) => supervisor.holder(partition),
      scaling: (plan, stage) => supervisor.scaling(plan, stage),
      isBound: (topic) => this.#options.sources?.[topic] !== undefined,
    });
    return { partitions, stages, instances: this.running, replaced: this.replaced };
  }

  /** How many instances were lost and replaced. */
  get replaced(): number {
    return this.#supervisor.replaced;
  }

  /** How many instances run now. */
  get running(): number {
    return this.#supervisor.running;
  }

  /** Ends after the step that each partition is in. The ledger stays open: it is whose who gave it. */
  async stop(): Promise<void> {
    this.#readers.fail(new MillraceError("MILLRACE_STOPPED", "runtime", "it was stopped; start it again"));
    await this.#supervisor.stop();
  }

  async #start(): Promise<void> {
    await this.#readers.load(await this.#coordinator.load());
    const over = new MillraceError("MILLRACE_STOPPED", "runtime", "all its input has come to its end, and nothing is read any more");
    this.#coordinator.done.then(() => this.#readers.fail(over), (error: unknown) => this.#readers.fail(error));
    const { ledger } = this.#options;
    for (const topic of this.#topics.values()) {
      if (topic.retention.bytes !== undefined || topic.retention.milliseconds !== undefined) await ledger.retain(topic.name, topic.retention);
    }
    await this.#supervisor.start();
  }

  #source(topic: string): Source {
    return boundSource(this.#options, topic) ?? topicSource(topic, this.#topics.get(topic)?.partitions ?? 1, { read: pagesOf(this.#stored), signal: this.#signal, ledger: this.#options.ledger });
  }

  #wake(topic: string): void {
    this.#growth.get(topic)?.forEach((callback) => callback());
  }
}

/** The source that was given for a topic; undefined where it lies in the ledger's store. */
function boundSource({ clock, sources }: RuntimeOptions, topic: string): Source | undefined {
  const binding = sources?.[topic];
  if (binding === undefined) return undefined;
  return "kind" in binding ? generatorSource(topic, binding, clock) : binding;
}

function quotaOf({ host, instances = 1 }: RuntimeOptions): number {
  return host === undefined ? 1 : instances;
}

/** How stages share instances. In this thread there is one for all of them, but what is said of stages is checked all the same. */
function poolsFor(options: RuntimeOptions, plans: readonly Plan[]): readonly StagePool[] {
  const { host, idleAfter, instances = 1, stages } = options;
  const { min = idleAfter === undefined && stages === undefined ? instances : 0 } = options;
  const pools = poolsOf(plans, { quota: instances, min, ...(stages === undefined ? {} : { stages }) });
  return host === undefined ? poolsOf(plans, { quota: 1, min: Math.min(1, min) }) : pools;
}

/** Without a limit turns only decide in what order partitions are opened; where each instance has one, there is no order. */
function stateMemoryOf(options: RuntimeOptions): number | undefined {
  const { stateMemory, partitions = 1 } = options;
  return stateMemory ?? (partitions > quotaOf(options) ? Infinity : undefined);
}

function closedBytesFor(stateMemory: number): number {
  return stateMemory === Infinity ? LEAST_CLOSED : Math.max(LEAST_CLOSED, CLOSED_SHARE * stateMemory);
}

/** A workflow's name is the address of its state and partitions. */
function refuseTwins(workflows: readonly Workflow[]): void {
  const names = new Set<string>();
  for (const { name } of workflows) {
    if (names.has(name)) throw new MillraceError("MILLRACE_GRAPH", `workflow ${name}`, "two workflows have this name; give each its own");
    names.add(name);
  }
}
