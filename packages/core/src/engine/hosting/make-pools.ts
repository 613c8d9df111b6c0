import { partitionsOf } from "../plan.ts";
import type { Instances } from "./instances.ts";
import { tellRest } from "./lease-ports.ts";
import { LoadMeter } from "./load-meter.ts";
import { Rest } from "./rest.ts";
import type { Pool, Slot } from "./slots.ts";
import { StateTurns } from "./state-turns.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/** The pools with their slots; nothing is open yet. `expired`: a slot has rested long enough. */
export function makePools(options: SupervisorOptions, instances: Instances, expired: (slot: Slot) => void): Pool[] {
  const { clock, idleAfter = Infinity, pools, stateMemory } = options;
  const budget = (stateMemory ?? 0) / pools.reduce((sum, { limits }) => sum + limits.max, 0);
  return pools.map(({ stages, limits }) => {
    const slots: Slot[] = [];
    const pool: Pool = { stages, limits, slots, leases: new Set(), load: new LoadMeter(idleAfter), wanted: 0, notBefore: 0, balancing: false };
    for (let index = 0; index < limits.max; index++) {
      const partitions = stages.flatMap(({ plan, stage }) => partitionsOf(plan, stage).filter((_, number) => number % limits.max === index)).reverse();
      const keyed = new Set(stages.flatMap(({ plan, stage }) => (stage.distribution === "keyed" ? partitionsOf(plan, stage) : [])));
      const slot: Slot = {
        pool,
        partitions,
        rest: new Rest(clock, index < limits.min ? Infinity : idleAfter, () => expired(slot)),
        turns: stateMemory === undefined ? undefined : turnsOf(() => slot, partitions, partitions.filter((id) => keyed.has(id)), budget, options, instances),
        lease: undefined,
      };
      slots.push(slot);
    }
    return pool;
  });
}

/** How the keyed partitions of a slot take turns, where memory is limited. */
function turnsOf(slotOf: () => Slot, partitions: readonly string[], keyed: readonly string[], budget: number, options: SupervisorOptions, instances: Instances): StateTurns {
  const { clock, coordinator } = options;
  return new StateTurns(partitions, keyed, budget, {
    clock,
    sentTo: (id) => coordinator.sentTo(id),
    isBlocked: (id) => coordinator.isBlocked(id),
    isFinished: (id) => coordinator.isFinished(id),
    wakeAt: (id) => instances.wakeAt.get(id) ?? Infinity,
    open: (id) => instances.openOne(slotOf(), id),
    close: async (id) => {
      coordinator.place(id, undefined);
      await slotOf().lease?.handle?.close(id).catch(() => undefined);
      tellRest(slotOf(), id, false, options);
    },
  });
}
