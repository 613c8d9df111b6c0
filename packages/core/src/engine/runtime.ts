import { DEFAULT_KEY_GROUPS } from "../codec/murmur2.ts";
import type { Key } from "../contracts/batch.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Ledger } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import type { Topics } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import type { Collection, Topic } from "../graph/refs.ts";
import { BatchDecoder } from "./batch-codec.ts";
import type { CollectionChange, CollectionRow } from "./collections.ts";
import { Coordinator } from "./coordinator.ts";
import { generatorSource, type Generator } from "./generator.ts";
import { Ingest } from "./ingest.ts";
import { Instance, type InstanceHandle, type InstancePorts } from "./instance.ts";
import type { Cut, Plan } from "./plan.ts";
import { settlePlan } from "./migration.ts";
import { PartitionStats } from "./stats.ts";
import { readAtoms, topicSource } from "./topic-source.ts";

/** What stands behind a topic's name where it is not the ledger's own store. */
export type SourceBinding = Source | Generator<never>;

export interface RuntimeOptions {
  readonly workflows: readonly Workflow[];
  readonly ledger: Ledger & Topics;
  readonly clock: Clock;
  readonly sources?: Readonly<Record<string, SourceBinding>>;
  /** Default: "none" with one instance, else "shuffle". */
  readonly cut?: Cut;
  /** Default 1. */
  readonly instances?: number;
  /** Makes the instances; default: all in this thread. */
  readonly host?: (ports: InstancePorts, plans: readonly Plan[], instances: number) => Promise<readonly InstanceHandle[]>;
}

/** Workflows that run in one process. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #coordinator: Coordinator;
  readonly #ingest: Ingest;
  readonly #plans: readonly Plan[];
  readonly #topics = new Map<string, Topic<unknown>>();
  readonly #growth = new Map<string, Set<() => void>>();
  #instances: readonly InstanceHandle[] = [];

  private constructor(options: RuntimeOptions, plans: readonly Plan[]) {
    this.#options = options;
    this.#plans = plans;
    for (const { nodes } of options.workflows) {
      for (const { spec } of nodes) {
        if (spec.kind === "source") this.#topics.set(spec.topic.name, spec.topic);
        if (spec.kind === "sink" && spec.target.kind === "topic") this.#topics.set(spec.target.name, spec.target);
      }
    }
    this.#coordinator = new Coordinator({
      plans: this.#plans,
      ledger: options.ledger,
      clock: options.clock,
      onAppend: (topic) => this.#growth.get(topic)?.forEach((callback) => callback()),
    });
    this.#ingest = new Ingest(this.#coordinator.ledgerForPartitions(), options.clock);
  }

  static async start(options: RuntimeOptions): Promise<Runtime> {
    const { workflows, ledger, clock, instances = 1 } = options;
    const cut = options.cut ?? (instances === 1 ? "none" : "shuffle");
    const plans: Plan[] = [];
    for (const workflow of workflows) {
      plans.push(await settlePlan(workflow, { cut, partitions: 2 ** Math.ceil(Math.log2(instances)) }, { ledger, clock, keyGroups: DEFAULT_KEY_GROUPS }));
    }
    const runtime = new Runtime(options, plans);
    await runtime.#start();
    return runtime;
  }

  /** Resolves when bounded input has been taken in; rejects when a partition cannot go on. */
  get finished(): Promise<void> {
    return this.#coordinator.done;
  }

  /** Appends values to a topic; resolves once they are durable. */
  async append<T>(topic: Topic<T>, values: readonly T[]): Promise<void> {
    await this.#ingest.append(topic as Topic<unknown>, values);
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

  get(collection: Collection<unknown>, key: Key): unknown {
    return this.#coordinator.collections.get(collection.name, key);
  }

  rows(collection: string): readonly CollectionRow[] {
    return this.#coordinator.collections.rows(collection);
  }

  subscribe(collection: string, subscriber: (changes: readonly CollectionChange[]) => void): () => void {
    return this.#coordinator.collections.subscribe(collection, subscriber);
  }

  get collections(): readonly string[] {
    return this.#coordinator.collections.names();
  }

  /** Counters of all partitions. */
  async stats(): Promise<ReadonlyMap<string, PartitionStats>> {
    const all = await Promise.all(this.#instances.map((instance) => instance.stats()));
    return new Map(all.flatMap((stats) => [...stats]));
  }

  /** Ends after the step that each partition is in. The ledger stays open: it is whose who gave it. */
  async stop(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop()));
  }

  async #start(): Promise<void> {
    await this.#coordinator.load();
    const { ledger, clock, instances = 1 } = this.#options;
    for (const topic of this.#topics.values()) {
      if (topic.retention.bytes !== undefined || topic.retention.milliseconds !== undefined) await ledger.retain(topic.name, topic.retention);
    }
    const ports: InstancePorts = {
      ledger: this.#coordinator.ledgerForPartitions(),
      clock,
      chain: this.#coordinator.chain,
      keyGroups: DEFAULT_KEY_GROUPS,
      source: (topic) => Promise.resolve(this.#source(topic)),
      finished: (partition) => this.#coordinator.finished(partition),
      failed: (partition, error) => this.#coordinator.failed(partition, error),
    };
    const { host } = this.#options;
    this.#instances = host === undefined ? [new Instance(this.#plans, ports)] : await host(ports, this.#plans, instances);
    if (this.#instances.length === 0) throw new MillraceError("MILLRACE_HOST_FAILED", "host", "gave no instance");
    await this.#coordinator.assign((partition) => this.#instances[placeOf(partition) % this.#instances.length]);
  }

  #source(topic: string): Source {
    const binding = this.#options.sources?.[topic];
    if (binding === undefined) {
      const partitions = this.#topics.get(topic)?.partitions ?? 1;
      return topicSource(topic, partitions, this.#options.ledger, {
        onGrowth: (name, callback) => {
          const callbacks = this.#growth.get(name);
          if (callbacks === undefined) this.#growth.set(name, new Set([callback]));
          else callbacks.add(callback);
        },
      });
    }
    return "kind" in binding ? generatorSource(topic, binding as Generator<unknown>, this.#options.clock) : binding;
  }
}

/** Partitions of one number of all stages lie in one instance, so that what forwards stays in a thread. */
function placeOf(partition: string): number {
  return Number(/(\d+)of\d+$/.exec(partition)?.[1] ?? 0);
}
