import type { Clock } from "../../contracts/clock.ts";
import type { Ledger } from "../../contracts/ledger.ts";
import type { Source } from "../../contracts/source.ts";
import type { Topics } from "../../contracts/topics.ts";
import type { Coordinator } from "../coordinator.ts";
import type { Plan } from "../plan.ts";
import type { TopicSignal } from "../topic-source.ts";
import type { Host } from "./host.ts";
import type { StagePool } from "./pools.ts";

export interface SupervisorOptions {
  readonly host: Host;
  readonly plans: readonly Plan[];
  readonly coordinator: Coordinator;
  readonly ledger: Pick<Ledger, "root">;
  readonly clock: Clock;
  readonly keyGroups: number;
  /** All stages, by the limits that they share. */
  readonly pools: readonly StagePool[];
  /** At most so many instances in all. */
  readonly quota: number;
  readonly source: (topic: string) => Source;
  readonly bound: (topic: string) => Source | undefined;
  readonly topics: Pick<Topics, "range" | "read">;
  readonly signal: TopicSignal;
  /** Failures of a partition in a row, without a commit between them, after which the run fails; default 32. */
  readonly maxFailures?: number;
  /** An instance whose partitions all rest for so long is given up, ms; the first thing to do brings one back. Default: never. */
  readonly idleAfter?: number;
  /** Whether one instance that was given up is kept, without any partition, for whoever needs one first. Default true. */
  readonly spare?: boolean;
  /** Above so many bytes of state, keyed partitions take turns; each slot has an equal share. Default: all are open. */
  readonly stateMemory?: number;
}
