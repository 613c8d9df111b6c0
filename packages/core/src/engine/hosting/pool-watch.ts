import type { Ledger } from "../../contracts/ledger.ts";
import { atomsWaiting, type StoredTopics } from "../metrics/atoms-waiting.ts";
import type { Coordinator } from "../coordinator.ts";
import type { PartitionMeter } from "../metrics/partition-meter.ts";
import { partitionsOf, type Plan, type Stage } from "../plan.ts";
import { decodeProgress, emptyProgress } from "../progress.ts";
import type { Lease, Pool, Slot } from "./slots.ts";

/** Bytes of a row on a link, as long as none has been measured. */
const ROW_BYTES = 64;

/** Where it is seen what pools have to do and what they do. */
export interface Watched {
  readonly ledger: Pick<Ledger, "root">;
  readonly stored: StoredTopics;
  readonly coordinator: Pick<Coordinator, "sentTo" | "isBlocked">;
  readonly meters: ReadonlyMap<string, PartitionMeter>;
}

/** What partitions had done at the last look. */
interface Done {
  readonly atoms: number;
  /** ms */
  readonly busy: number;
}

/** Looks at pools again and again, and tells their load what it has seen. */
export class PoolWatch {
  readonly #watched: Watched;
  readonly #done = new Map<Slot, Done>();
  #last = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** What is done from now on counts. */
  begin(pools: readonly Pool[], now: number): void {
    this.#last = now;
    for (const { slots } of pools) {
      for (const slot of slots) {
        this.#since(slot);
        slot.lease?.handle?.utilization?.();
      }
    }
  }

  /** Looks at all pools at once, as instances may hold slots of several. */
  async look(pools: readonly Pool[], now: number): Promise<void> {
    const seconds = (now - this.#last) / 1000;
    if (seconds <= 0) return;
    this.#last = now;
    const slots = pools.flatMap((pool) => pool.slots);
    const deltas = new Map(slots.map((slot) => [slot, this.#since(slot)]));
    const leases = new Set(slots.flatMap(({ lease }) => lease ?? []));
    const busy = new Map([...leases].map((lease) => [lease, busySeconds(lease, seconds, deltas)]));
    const backlogs = await Promise.all(pools.map((pool) => this.#backlog(pool)));
    for (const [i, pool] of pools.entries()) {
      const holders = new Set(pool.slots.flatMap(({ lease }) => lease ?? []));
      let own = 0;
      let atoms = 0;
      for (const slot of pool.slots) atoms += deltas.get(slot)?.atoms ?? 0;
      for (const lease of holders) own += (busy.get(lease) ?? 0) * shareOf(pool, lease, deltas);
      pool.load.add({ now, seconds, instances: holders.size, busy: own, atoms, backlog: backlogs[i] });
    }
  }

  #since(slot: Slot): Done {
    const now = { atoms: 0, busy: 0 };
    for (const id of slot.partitions) {
      const meter = this.#watched.meters.get(id);
      now.atoms += meter?.stats.atomsIn ?? 0;
      now.busy += meter?.busy ?? 0;
    }
    const before = this.#done.get(slot) ?? { atoms: 0, busy: 0 };
    this.#done.set(slot, now);
    return { atoms: now.atoms - before.atoms, busy: now.busy - before.busy };
  }

  /** Atoms that wait for partitions that could take them in: on links, by the size of those before, and in topics. */
  async #backlog(pool: Pool): Promise<number> {
    const { ledger, stored, coordinator, meters } = this.#watched;
    let atoms = 0;
    let bytes = 0;
    let applied = 0;
    let rows = 0;
    for (const { plan, stage } of pool.stages) {
      for (const [index, id] of partitionsOf(plan, stage).entries()) {
        const stats = meters.get(id)?.stats;
        const { sentBytes, appliedBytes } = coordinator.sentTo(id);
        applied += appliedBytes;
        rows += (stats?.atomsIn ?? 0) - (stats?.atomsRead ?? 0);
        if (coordinator.isBlocked(id)) continue;
        bytes += sentBytes - appliedBytes;
        if (readsTopics(plan, stage)) atoms += await atomsWaiting(stored, plan, stage, index, decodeProgress(await ledger.root(id)) ?? emptyProgress());
      }
    }
    return atoms + bytes / (rows > 0 && applied > 0 ? applied / rows : ROW_BYTES);
  }
}

function readsTopics({ operators }: Plan, stage: Stage): boolean {
  return stage.operators.some((operator) => operators[operator].node.spec.kind === "source");
}

/** How long an instance had something to do: what its thread says, else how long its partitions' steps took. */
function busySeconds({ handle, slots }: Lease, seconds: number, deltas: ReadonlyMap<Slot, Done>): number {
  const utilization = handle?.utilization?.();
  if (utilization !== undefined) return utilization * seconds;
  let busy = 0;
  for (const slot of slots) busy += deltas.get(slot)?.busy ?? 0;
  return Math.min(seconds, busy / 1000);
}

/** The part of what an instance did that it did for a pool. */
function shareOf(pool: Pool, { slots }: Lease, deltas: ReadonlyMap<Slot, Done>): number {
  let own = 0;
  let all = 0;
  for (const slot of slots) {
    const busy = deltas.get(slot)?.busy ?? 0;
    all += busy;
    if (slot.pool === pool) own += busy;
  }
  return all > 0 ? own / all : slots.filter((slot) => slot.pool === pool).length / slots.length;
}
