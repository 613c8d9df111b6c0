import type { InstanceHandle } from "../instance.ts";
import type { StageLimits } from "./desired-instances.ts";
import type { LoadMeter } from "./load-meter.ts";
import type { PlannedStage } from "./pools.ts";
import type { Rest } from "./rest.ts";
import type { StateTurns } from "./state-turns.ts";

/** Stages that share limits, the slots of their partitions, and the instances that hold these. */
export interface Pool {
  readonly stages: readonly PlannedStage[];
  readonly limits: StageLimits;
  /** One for each instance that it may have. */
  readonly slots: readonly Slot[];
  /** Its instances, also those that are being started. */
  readonly leases: Set<Lease>;
  readonly load: LoadMeter;
  /** How many instances it is to have. */
  wanted: number;
  /** An instance that was to be added could not be started: not before then is it tried again. */
  notBefore: number;
  /** Its slots are being moved. */
  balancing: boolean;
}

/** Partitions that are opened, closed and moved together: those of one number, of all stages of a pool. */
export interface Slot {
  readonly pool: Pool;
  readonly partitions: readonly string[];
  readonly rest: Rest;
  readonly turns: StateTurns | undefined;
  /** Whose instance holds it; undefined: none does. */
  lease: Lease | undefined;
}

/** The right of one instance to speak for its slots: revoked when the instance is lost or given up. */
export interface Lease {
  /** Whose instance it counts as; undefined: nobody's, it is spare. */
  pool: Pool | undefined;
  /** Of its pool, and of others where there is no room for an instance of theirs. */
  slots: readonly Slot[];
  /** Undefined while it is being started. */
  handle: InstanceHandle | undefined;
  revoked: boolean;
  /** Whether its slots are to go elsewhere, for there are too many. */
  leaving: boolean;
  /** Whether a commit of it was applied. */
  fruitful: boolean;
  /** Instances lost in a row before it, in its place, that had committed nothing. */
  readonly fruitless: number;
  /** What its instance may take, bytes; 0 where it has no limit of its own. */
  memory: number;
}

/** Brings a slot into a lease; it is open in none. */
export function attach(slot: Slot, lease: Lease): void {
  slot.lease = lease;
  lease.slots = [...lease.slots, slot];
}

export function detach(slot: Slot): void {
  const { lease } = slot;
  if (lease !== undefined) lease.slots = lease.slots.filter((one) => one !== slot);
  slot.lease = undefined;
}
