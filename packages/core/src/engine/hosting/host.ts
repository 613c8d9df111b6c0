import type { Source } from "../../contracts/source.ts";
import type { Topics } from "../../contracts/topics.ts";
import { Instance, type InstanceHandle, type InstancePorts } from "../instance.ts";
import type { Plan } from "../plan.ts";
import type { TopicSignal } from "../topic-source.ts";

/** What a host gives to an instance that it starts, and is told by it. */
export interface HostEnvironment {
  readonly plans: readonly Plan[];
  readonly ports: InstancePorts;
  /** The source that was bound to a topic in this thread; undefined where the topic lies in the ledger's store. */
  readonly bound: (topic: string) => Source | undefined;
  readonly topics: Pick<Topics, "range" | "read">;
  readonly signal: TopicSignal;
  /** Called once when the instance has ended without having been asked to: it is gone with all its partitions. */
  lost(reason: unknown): void;
}

/** What runs instances: this thread, worker threads, a process, a container. */
export interface Host {
  /** Whether an instance of it can fail alone, so that replacing it helps. */
  readonly isolated: boolean;
  /** Starts an instance. Rejects where none can be had. */
  start(environment: HostEnvironment): Promise<InstanceHandle>;
}

/** Runs instances in this thread: nothing to start, nothing to send, and no isolation from user code. `memory`: what the thread may take, bytes. */
export function inThreadHost(memory?: number): Host {
  return { isolated: false, start: ({ plans, ports }) => Promise.resolve(new Instance(plans, ports, memory)) };
}
