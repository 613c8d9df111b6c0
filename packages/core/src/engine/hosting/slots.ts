import type { Clock } from "../../contracts/clock.ts";
import type { Source } from "../../contracts/source.ts";
import type { Topics } from "../../contracts/topics.ts";
import type { Coordinator } from "../coordinator.ts";
import type { InstanceHandle } from "../instance.ts";
import type { Plan } from "../plan.ts";
import type { TopicSignal } from "../topic-source.ts";
import type { Host } from "./host.ts";
import type { Rest } from "./rest.ts";
import type { StateTurns } from "./state-turns.ts";

export interface SupervisorOptions {
  readonly host: Host;
  readonly plans: readonly Plan[];
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly keyGroups: number;
  /** How many instances to run. */
  readonly instances: number;
  readonly source: (topic: string) => Source;
  readonly bound: (topic: string) => Source | undefined;
  readonly topics: Pick<Topics, "range" | "read">;
  readonly signal: TopicSignal;
  /** Failures of a partition in a row, without a commit between them, after which the run fails; default 32. */
  readonly maxFailures?: number;
  /** An instance whose partitions all rest for so long is given up, ms; the first thing to do brings one back. Default: never. */
  readonly idleAfter?: number;
  /** So many instances stay, whatever rests. Default 0. */
  readonly min?: number;
  /** Whether one instance that was given up is kept, without any partition, for whoever needs one first. Default true. */
  readonly spare?: boolean;
  /** Above so many bytes of state, keyed partitions take turns; each instance has an equal share. Default: all are open. */
  readonly stateMemory?: number;
}

/** The right of one instance to speak for its slots: revoked when the instance is lost or given up. */
export interface Lease {
  /** Its own, and those whose partitions it has taken in until there is too much to do for one instance. */
  slots: readonly Slot[];
  revoked: boolean;
  /** For how many looks in a row it was busy. */
  busy: number;
  /** Whether a commit of it was applied. */
  fruitful: boolean;
  /** What its instance may take, bytes; 0 where it has no limit of its own. */
  memory: number;
}

/** The partitions that are meant for one instance. */
export interface Slot {
  readonly index: number;
  readonly partitions: readonly string[];
  readonly rest: Rest;
  readonly turns: StateTurns | undefined;
  lease: Lease | undefined;
  handle: InstanceHandle | undefined;
  /** Instances lost in a row that had committed nothing. */
  fruitless: number;
}
