import type { Commit, Ledger } from "../../contracts/ledger.ts";
import { MillraceError } from "../../errors.ts";
import type { InstancePorts } from "../instance.ts";
import { measuringTime } from "../metrics/measuring-time.ts";
import type { Lease, Slot } from "./slots.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/** What is told of what an instance does, by its lease. */
export interface LeaseEvents {
  /** A commit was applied; `now` and how long it took in ms. */
  committed(lease: Lease, commit: Commit, now: number, milliseconds: number): void;
  failed(lease: Lease, partition: string, error: unknown): void;
}

/** The ports of an instance: what it says counts as long as its lease does. */
export function leasePorts(lease: Lease, options: SupervisorOptions, events: LeaseEvents, slotOf: (partition: string) => Slot): InstancePorts {
  const { clock, coordinator, keyGroups, source, stateMemory } = options;
  return {
    ledger: ledgerFor(lease, coordinator.ledgerForPartitions(), events),
    clock,
    chain: coordinator.chain,
    keyGroups,
    source: (topic) => Promise.resolve(source(topic)),
    finished: (partition) => {
      if (lease.revoked) return;
      coordinator.finished(partition);
      const slot = slotOf(partition);
      slot.turns?.look();
      if (slot.lease === lease) tellRest(slot, partition, false, options);
    },
    resting: (partition, resting) => {
      const slot = slotOf(partition);
      if (!lease.revoked && slot.lease === lease) tellRest(slot, partition, resting, options);
    },
    report: (partition, report) => {
      if (!lease.revoked) coordinator.splits.report(partition, report);
    },
    ...(stateMemory === undefined
      ? {}
      : {
          holds: (partition: string, bytes: number, idle: boolean) => {
            const slot = slotOf(partition);
            if (!lease.revoked && slot.lease === lease) slot.turns?.told(partition, bytes, idle);
          },
        }),
    failed: (partition, error) => events.failed(lease, partition, error),
  };
}

/** Tells a slot's rest of a partition; those that are finished or wait for their turn do not count. */
export function tellRest({ rest, turns, partitions }: Slot, partition: string, resting: boolean, { coordinator }: SupervisorOptions): void {
  rest.tell(partition, resting, partitions.filter((id) => !coordinator.isFinished(id) && turns?.isOut(id) !== true).length);
}

/** Without a lease nothing is taken away from those that have one; what is committed the ledger decides. */
function ledgerFor(lease: Lease, ledger: Ledger, events: LeaseEvents): Ledger {
  const check = (): void => {
    if (lease.revoked) throw new MillraceError("MILLRACE_FENCED", "instance", "it was replaced");
  };
  return {
    ...ledger,
    async fence(partition) {
      check();
      return ledger.fence(partition);
    },
    async writeRecord(name, bytes) {
      check();
      return ledger.writeRecord(name, bytes);
    },
    commit: async (commit) => {
      const begun = measuringTime();
      const result = await ledger.commit(commit);
      const ended = measuringTime();
      if (result.outcome === "applied") events.committed(lease, commit, ended, ended - begun);
      return result;
    },
  };
}
