import type { Clock } from "../contracts/clock.ts";
import type { Ledger, LinkBatch, StateAddress } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import { MillraceError } from "../errors.ts";
import { Partition } from "./partition.ts";
import { partitionId, type Plan } from "./plan.ts";
import type { TimeChain } from "./source-input.ts";
import type { PartitionStats } from "./stats.ts";

/** What an instance needs of the place it runs in. */
export interface InstancePorts {
  /** Its `commit` passes the coordinator, which hands on what was sent. */
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly chain: TimeChain;
  readonly keyGroups: number;
  source(topic: string): Promise<Source>;
  finished(partition: string): void;
  /** Present where only what is on its way is to be taken in: a partition has nothing to do. */
  readonly drained?: (partition: string) => void;
  /** A partition cannot go on; it is closed. */
  failed(partition: string, error: unknown): void;
}

/** What a coordinator may ask of an instance, wherever it runs. */
export interface InstanceHandle {
  /** Takes a partition: its lease, its state, its inputs; then runs it. */
  open(partition: string): Promise<void>;
  deliver(partition: string, batch: LinkBatch): void;
  block(partition: string, blocked: boolean): void;
  rewrite(partition: string, addresses: readonly StateAddress[]): void;
  /** Counters of its partitions. */
  stats(): Promise<ReadonlyMap<string, PartitionStats>>;
  /** Ends all partitions after the step that each is in. */
  stop(): Promise<void>;
}

/** One running copy of a workflow's functions: holds partitions and steps them, in this thread. */
export class Instance implements InstanceHandle {
  readonly #plans: readonly Plan[];
  readonly #ports: InstancePorts;
  readonly #partitions = new Map<string, Partition>();
  readonly #running = new Set<Promise<void>>();

  constructor(plans: readonly Plan[], ports: InstancePorts) {
    this.#plans = plans;
    this.#ports = ports;
  }

  async open(id: string): Promise<void> {
    const partition = this.#make(id);
    this.#partitions.set(id, partition);
    await partition.open();
    const running = partition.run().catch((error: unknown) => {
      this.#partitions.delete(id);
      this.#ports.failed(id, error);
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  deliver(partition: string, batch: LinkBatch): void {
    this.#partitions.get(partition)?.deliver(batch);
  }

  block(partition: string, blocked: boolean): void {
    this.#partitions.get(partition)?.block(blocked);
  }

  rewrite(partition: string, addresses: readonly StateAddress[]): void {
    this.#partitions.get(partition)?.rewrite(addresses);
  }

  stats(): Promise<ReadonlyMap<string, PartitionStats>> {
    return Promise.resolve(new Map([...this.#partitions].map(([id, partition]) => [id, partition.stats])));
  }

  async stop(): Promise<void> {
    for (const partition of this.#partitions.values()) partition.stop();
    await Promise.all(this.#running);
  }

  #make(id: string): Partition {
    for (const plan of this.#plans) {
      for (const stage of plan.stages) {
        for (let index = 0; index < stage.partitions; index++) {
          if (partitionId(plan, stage, index) === id) return new Partition(plan, stage, index, this.#ports);
        }
      }
    }
    throw new MillraceError("MILLRACE_INVARIANT", `partition ${id}`, "no plan of this instance has it");
  }
}
