import type { LinkBatch, StateAddress } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import { appGraph, type AppGraph } from "./app-graph.ts";
import { Partition, type PartitionPorts } from "./partition.ts";
import { partitionId, type Plan } from "./plan.ts";
import { Turns, type Failure } from "./search.ts";
import type { SplitTimes } from "./split-times.ts";
import type { StateSize } from "./partition-state.ts";

/** What an instance needs of the place it runs in. The ledger's `commit` passes the coordinator, which hands on what was sent. */
export interface InstancePorts extends Omit<PartitionPorts, "turns" | "graph"> {
  /** What the workflows of the app have between them. Default: what those of its plans have. */
  readonly graph?: AppGraph;
  /** A partition cannot go on; it is closed. */
  failed(partition: string, error: unknown): void;
}

/** What a coordinator may ask of an instance, wherever it runs. */
export interface InstanceHandle {
  /** Takes a partition: its lease, its state, its inputs; then runs it. */
  open(partition: string, options?: OpenOptions): Promise<void>;
  /** Lets a partition go after the step that it is in; another instance may open it then. */
  close(partition: string): Promise<void>;
  deliver(partition: string, batch: LinkBatch): void;
  /** A batch of a link was sent that the partition is to read from the ledger. */
  announce(partition: string, link: string, sequence: number): void;
  block(partition: string, blocked: boolean): void;
  rewrite(partition: string, addresses: readonly StateAddress[]): void;
  /** What splits of other partitions have come to, for one that has only idle ones. */
  follow(partition: string, times: SplitTimes): void;
  /** How much state its partitions hold. */
  stateSizes(): Promise<ReadonlyMap<string, StateSize>>;
  /** The share of the time since it was last asked in which its thread had something to do; absent where it has none of its own. */
  utilization?(): number;
  /** Memory that it may take, in bytes; 0 or absent where that is not known. */
  readonly memory?: number;
  /** Ends all partitions after the step that each is in. */
  stop(): Promise<void>;
  /** Ends it at once, in the middle of whatever it does, where the host can. */
  terminate(): Promise<void>;
}

export interface OpenOptions {
  /** Whether it starts without reading its sources, as after `block(partition, true)`. */
  readonly blocked?: boolean;
  /** How it failed, again and again: it then looks for the element that does it. */
  readonly failure?: Failure;
  /** Whether it was open before in this run. */
  readonly resumed?: boolean;
}

/** One running copy of a workflow's functions: holds partitions and steps them, in this thread. */
export class Instance implements InstanceHandle {
  readonly memory: number;
  readonly #plans: readonly Plan[];
  readonly #ports: InstancePorts;
  readonly #partitions = new Map<string, Partition>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #turns = new Turns();
  readonly #graph: AppGraph;

  constructor(plans: readonly Plan[], ports: InstancePorts, memory = 0) {
    this.memory = memory;
    this.#plans = plans;
    this.#ports = ports;
    this.#graph = ports.graph ?? appGraph(plans.map(({ workflow }) => workflow));
  }

  async open(id: string, options: OpenOptions = {}): Promise<void> {
    const partition = this.#make(id);
    this.#partitions.set(id, partition);
    if (options.blocked === true) partition.block(true);
    try {
      await partition.open(options.failure, options.resumed);
    } catch (error) {
      this.#forget(id, partition);
      throw error;
    }
    const running = partition
      .run()
      .catch((error: unknown) => {
        this.#forget(id, partition);
        this.#ports.failed(id, error);
      })
      .finally(() => {
        if (this.#running.get(id) === running) this.#running.delete(id);
      });
    this.#running.set(id, running);
  }

  async close(id: string): Promise<void> {
    const partition = this.#partitions.get(id);
    if (partition === undefined) return;
    partition.stop();
    await this.#running.get(id);
    this.#forget(id, partition);
  }

  deliver(partition: string, batch: LinkBatch): void {
    this.#partitions.get(partition)?.deliver(batch);
  }

  announce(partition: string, link: string, sequence: number): void {
    this.#partitions.get(partition)?.announce(link, sequence);
  }

  block(partition: string, blocked: boolean): void {
    this.#partitions.get(partition)?.block(blocked);
  }

  rewrite(partition: string, addresses: readonly StateAddress[]): void {
    this.#partitions.get(partition)?.rewrite(addresses);
  }

  follow(partition: string, times: SplitTimes): void {
    this.#partitions.get(partition)?.follow(times);
  }

  stateSizes(): Promise<ReadonlyMap<string, StateSize>> {
    return Promise.resolve(new Map([...this.#partitions].map(([id, partition]) => [id, partition.stateSize])));
  }

  async stop(): Promise<void> {
    for (const partition of this.#partitions.values()) partition.stop();
    await Promise.all(this.#running.values());
  }

  /** A thread cannot end itself in the middle of a step: this is `stop`, and waits for nothing. */
  terminate(): Promise<void> {
    for (const partition of this.#partitions.values()) partition.stop();
    return Promise.resolve();
  }

  #forget(id: string, partition: Partition): void {
    if (this.#partitions.get(id) === partition) this.#partitions.delete(id);
  }

  #make(id: string): Partition {
    for (const plan of this.#plans) {
      for (const stage of plan.stages) {
        for (let index = 0; index < stage.partitions; index++) {
          if (partitionId(plan, stage, index) === id) return new Partition(plan, stage, index, { ...this.#ports, graph: this.#graph, turns: this.#turns });
        }
      }
    }
    throw new MillraceError("MILLRACE_INVARIANT", `partition ${id}`, "no plan of this instance has it");
  }
}
