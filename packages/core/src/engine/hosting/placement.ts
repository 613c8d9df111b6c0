import type { Instances } from "./instances.ts";
import { attach, detach, type Lease, type Pool, type Slot } from "./slots.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/**
 * Where slots are open: in instances of their own pool, evenly; where there is no room for one, or for as
 * long as it takes to start it, in one that runs for others and is not reserved for them.
 */
export class Placement {
  readonly #options: Pick<SupervisorOptions, "coordinator" | "quota">;
  readonly #instances: Instances;
  readonly #pools: readonly Pool[];
  /** What is under way. */
  readonly #doing = new Set<Promise<unknown>>();
  #stopping = false;

  constructor(options: Pick<SupervisorOptions, "coordinator" | "quota">, instances: Instances, pools: readonly Pool[]) {
    this.#options = options;
    this.#instances = instances;
    this.#pools = pools;
  }

  /** As many instances as a pool is to have at first, each with its part of the slots. Resolves when these are open. */
  async begin(pool: Pool): Promise<void> {
    const parts = Array.from({ length: pool.wanted }, (_, part) => pool.slots.filter((slot) => pool.slots.indexOf(slot) % pool.wanted === part));
    await Promise.all(parts.map((slots) => this.#instances.begin(pool, slots)));
  }

  /** Opens a slot that is in no instance. Where there is no room for it anywhere, it stays so. */
  place(slot: Slot): void {
    const { pool } = slot;
    const own = emptiest(pool.leases);
    if (own !== undefined) {
      this.#open(slot, own);
      return;
    }
    const shared = this.#instances.hasSpare && this.#hasRoom(pool) ? undefined : this.#shared(pool);
    if (shared !== undefined) this.#open(slot, shared);
    if (this.#hasRoom(pool)) this.#add(pool, shared === undefined ? [slot] : []);
  }

  /** A slot was closed: it is in no instance any more, and one without slots is not kept for the pool. */
  release(slot: Slot): void {
    const { lease } = slot;
    for (const id of slot.partitions) this.#options.coordinator.place(id, undefined);
    detach(slot);
    if (lease?.slots.length === 0 && !lease.revoked) this.track(this.#instances.retire(lease));
  }

  /** Brings a pool to the instances it is to have: adds all that are missing, gives up one that is too many, and moves slots. */
  adjust(pool: Pool, now: number): void {
    for (const slot of pool.slots) if (slot.rest.isOpen && slot.lease === undefined) this.place(slot);
    for (const lease of pool.leases) if (staying(pool) < pool.wanted) lease.leaving = false;
    while (staying(pool) < pool.wanted && now >= pool.notBefore && this.#hasRoom(pool)) this.#add(pool, []);
    const least = staying(pool) > pool.wanted ? emptiest(pool.leases) : undefined;
    if (least !== undefined) least.leaving = true;
    this.track(this.#balance(pool));
  }

  /** Keeps something in mind until it is done, so that `stop` waits for it. */
  track(doing: Promise<unknown>): void {
    const tracked = doing.finally(() => this.#doing.delete(tracked));
    this.#doing.add(tracked);
  }

  /** Nothing is moved any more. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    while (this.#doing.size > 0) await Promise.all(this.#doing);
  }

  #open(slot: Slot, lease: Lease): void {
    attach(slot, lease);
    void this.#instances.open(slot);
  }

  #add(pool: Pool, slots: readonly Slot[]): void {
    this.track(this.#instances.begin(pool, slots).then(() => this.#balance(pool)));
  }

  /** Whether an instance for a pool fits into the quota, and into what others have not reserved of it. */
  #hasRoom(pool: Pool): boolean {
    if (pool.leases.size >= pool.limits.max) return false;
    if (pool.leases.size < pool.limits.reserve) return true;
    let free = this.#options.quota;
    for (const { leases, limits } of this.#pools) free -= Math.max(limits.reserve, leases.size);
    return free > 0;
  }

  /** An instance of another pool that may take in a slot for the time being: none that is reserved. */
  #shared(pool: Pool): Lease | undefined {
    return emptiest(this.#pools.flatMap((other) => (other !== pool && other.leases.size > other.limits.reserve ? [...other.leases] : [])));
  }

  /** Moves a pool's slots until each of its instances has its part of them. */
  async #balance(pool: Pool): Promise<void> {
    if (pool.balancing) return;
    pool.balancing = true;
    for (let next = this.#nextMove(pool); next !== undefined && !this.#stopping; next = this.#nextMove(pool)) {
      if (!(await this.#move(next.slot, next.to))) break;
    }
    pool.balancing = false;
    for (const lease of pool.leases) if (lease.handle !== undefined && lease.slots.length === 0) await this.#instances.retire(lease);
  }

  #nextMove(pool: Pool): { readonly slot: Slot; readonly to: Lease } | undefined {
    const ready = [...pool.leases].filter(({ handle, leaving }) => handle !== undefined && !leaving);
    const to = emptiest(ready) ?? (staying(pool) === 0 ? this.#shared(pool) : undefined);
    if (to === undefined) return undefined;
    const misplaced = pool.slots.find(({ lease, rest }) => lease?.handle !== undefined && rest.isOpen && (lease.leaving || (ready.length > 0 && lease.pool !== pool)));
    if (misplaced !== undefined) return { slot: misplaced, to };
    const fullest = ready.reduce((most, lease) => (lease.slots.length > most.slots.length ? lease : most), to);
    const slot = fullest.slots.findLast((one) => one.pool === pool && one.rest.isOpen);
    return slot !== undefined && fullest.slots.length - to.slots.length > 1 ? { slot, to } : undefined;
  }

  /** Hands a slot's partitions over to another instance, between steps. False where that cannot be now. */
  async #move(slot: Slot, to: Lease): Promise<boolean> {
    const { lease: from } = slot;
    if (from?.handle === undefined || !slot.rest.hold()) return false;
    await this.#instances.close(slot);
    // Where the instance was lost meanwhile, the slot has gone to the one in its place.
    if (slot.lease !== from || this.#stopping) return false;
    const isThere = !to.revoked && to.pool !== undefined;
    if (isThere) this.release(slot);
    slot.rest.end();
    if (isThere) attach(slot, to);
    await this.#instances.open(slot);
    return isThere;
  }
}

function staying({ leases }: Pool): number {
  let number = 0;
  for (const { leaving } of leases) if (!leaving) number++;
  return number;
}

/** The one with the fewest slots, of those that stay. */
function emptiest(leases: Iterable<Lease>): Lease | undefined {
  let least: Lease | undefined;
  for (const lease of leases) if (!lease.leaving && (least === undefined || lease.slots.length < least.slots.length)) least = lease;
  return least;
}
