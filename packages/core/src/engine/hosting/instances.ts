import type { Commit } from "../../contracts/ledger.ts";
import { MillraceError } from "../../errors.ts";
import type { InstanceHandle } from "../instance.ts";
import { PartitionMeter } from "../metrics/partition-meter.ts";
import type { Failure } from "../search.ts";
import { describe, Failures } from "./failures.ts";
import { leasePorts, tellRest } from "./lease-ports.ts";
import { isLasting, restartDelay } from "./restarts.ts";
import { attach, type Lease, type Pool, type Slot } from "./slots.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/** Failures of a partition in a row, without a commit between them, after which the run fails. */
const MOST_FAILURES = 32;

/** An instance that was to be added and could not be started is tried again after so long, ms. */
const ADD_AGAIN = 5_000;

/** Starts instances, opens partitions in them, replaces what is lost, and knows when to give up. */
export class Instances {
  /** What the commits of each partition have made real. */
  readonly meters: ReadonlyMap<string, PartitionMeter>;
  /** When a partition wants a step without input, by its last commit. */
  readonly wakeAt = new Map<string, number>();
  readonly failures = new Failures();
  /** How often an instance was lost and replaced. */
  replaced = 0;
  readonly #options: SupervisorOptions;
  readonly #slotOf: (partition: string) => Slot;
  /** Partitions that were open before. */
  readonly #opened = new Set<string>();
  readonly #starting = new Set<Promise<unknown>>();
  #spare: Lease | undefined;
  #stopping = false;

  constructor(options: SupervisorOptions, slotOf: (partition: string) => Slot) {
    this.#options = options;
    this.#slotOf = slotOf;
    this.meters = new Map(options.coordinator.partitions.map((id) => [id, new PartitionMeter()]));
  }

  /** Reads what an earlier run has left due: who has nothing else to do need not commit it again. */
  async load(): Promise<void> {
    const { coordinator, ledger } = this.#options;
    for (const id of coordinator.partitions) this.wakeAt.set(id, (await ledger.root(id))?.wakeAt ?? Infinity);
  }

  get hasSpare(): boolean {
    return this.#spare !== undefined;
  }

  /** An instance for a pool, the spare one or a new one, with these slots. Resolves when their partitions are open, or their failure is dealt with. */
  async begin(pool: Pool, slots: readonly Slot[]): Promise<void> {
    const lease = this.#spare ?? newLease(0);
    this.#spare = undefined;
    lease.pool = pool;
    pool.leases.add(lease);
    for (const slot of slots) attach(slot, lease);
    await (lease.handle === undefined ? this.#start(lease) : Promise.all(slots.map((slot) => this.open(slot))));
  }

  /** Opens a slot's partitions in its instance, where that has been started; else they are when it is. */
  async open(slot: Slot): Promise<void> {
    const { coordinator } = this.#options;
    const { lease } = slot;
    const handle = lease?.handle;
    if (lease === undefined || handle === undefined) return;
    const wanted = slot.partitions.filter((id) => !coordinator.isFinished(id) && slot.turns?.has(id) !== true);
    for (const id of wanted) coordinator.place(id, handle);
    // Where all are finished, none of them will say that it rests.
    for (const id of slot.partitions) tellRest(slot, id, false, this.#options);
    const suspected = this.#suspectedIn(slot);
    const opened = Promise.all(wanted.map((id) => this.#open(lease, handle, id, suspected)));
    const begun = slot.turns?.begin();
    await opened;
    await begun;
  }

  /** Closes a slot's partitions after the step that each is in; one that is lost meanwhile is closed too. */
  async close(slot: Slot): Promise<void> {
    const handle = slot.lease?.handle;
    await slot.turns?.end();
    await Promise.all(slot.partitions.map(async (id) => handle?.close(id).catch(() => undefined)));
  }

  /** One of several partitions that take turns. */
  async openOne(slot: Slot, id: string): Promise<void> {
    const { lease } = slot;
    if (lease?.handle === undefined) return;
    this.#options.coordinator.place(id, lease.handle);
    await this.#open(lease, lease.handle, id, this.#suspectedIn(slot));
  }

  /** An instance without slots is kept as the spare one, or ended. */
  async retire(lease: Lease): Promise<void> {
    lease.pool?.leases.delete(lease);
    lease.pool = undefined;
    lease.leaving = false;
    if (this.#spare === undefined && this.#options.spare !== false && !this.#stopping && !lease.revoked) {
      this.#spare = lease;
      return;
    }
    lease.revoked = true;
    await lease.handle?.stop();
  }

  /** Nothing is started any more; resolves when nothing is being started. The spare one ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#starting);
    await this.#spare?.handle?.stop();
  }

  /** A commit of an instance was applied. */
  committed(lease: Lease, commit: Commit, now: number, milliseconds: number): void {
    const { partition: id, wakeAt } = commit;
    lease.fruitful = true;
    this.meters.get(id)?.committed(commit, now, milliseconds, lease.memory);
    this.wakeAt.set(id, wakeAt);
    this.failures.forget(id);
    this.#slotOf(id).turns?.look();
  }

  /** A partition of an instance that lives cannot go on: opens it again, later and later. */
  failed(lease: Lease, id: string, error: unknown): void {
    if (lease.revoked || this.#stopping) return;
    const { clock, coordinator } = this.#options;
    coordinator.place(id, undefined);
    this.#slotOf(id).turns?.failed(id);
    const failures = this.#count(id, error);
    if (isLasting(error) || failures > this.#most) {
      coordinator.failed(id, error);
      return;
    }
    clock.at(clock.now() + restartDelay(this.failures.suspected(id) === undefined ? failures : 1), () => {
      const { lease: current, turns } = this.#slotOf(id);
      if (current !== lease || lease.revoked || this.#stopping || lease.handle === undefined || turns?.isOut(id) === true) return;
      coordinator.place(id, lease.handle);
      void this.#open(lease, lease.handle, id, this.failures.suspected(id));
    });
  }

  #start(lease: Lease): Promise<void> {
    const starting = this.#startAndOpen(lease).finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return starting;
  }

  async #startAndOpen(lease: Lease): Promise<void> {
    if (this.#stopping || lease.revoked) return;
    try {
      lease.handle = await this.#startInstance(lease);
      await Promise.all(lease.slots.map((slot) => this.open(slot)));
    } catch (error) {
      this.#lost(lease, error);
    }
  }

  /** Starts an instance; undefined where it is not needed any more. */
  async #startInstance(lease: Lease): Promise<InstanceHandle | undefined> {
    const { host, plans, bound, topics, signal } = this.#options;
    const ports = leasePorts(lease, this.#options, this, this.#slotOf);
    const handle = await host.start({ plans, ports, bound, topics, signal, lost: (reason) => this.#lost(lease, reason) });
    lease.memory = handle.memory ?? 0;
    if (!lease.revoked && !this.#stopping) return handle;
    await handle.terminate();
    return undefined;
  }

  async #open(lease: Lease, handle: InstanceHandle, id: string, failure: Failure | undefined): Promise<void> {
    const { coordinator } = this.#options;
    try {
      const resumed = this.#opened.has(id);
      await handle.open(id, { blocked: coordinator.isBlocked(id), resumed, ...(failure === undefined ? {} : { failure }) });
      this.#opened.add(id);
    } catch (error) {
      this.failed(lease, id, error);
      return;
    }
    // It may have been blocked or relieved while it was being opened.
    handle.block(id, coordinator.isBlocked(id));
  }

  /** Where one is suspected all of a slot search: then one at a time steps, and its end is blamed on no other. */
  #suspectedIn({ partitions }: Slot): Failure | undefined {
    return partitions.map((id) => this.failures.suspected(id)).find((failure) => failure !== undefined);
  }

  /** An instance is gone with all its partitions: starts another in its place. */
  #lost(lease: Lease, reason: unknown): void {
    if (lease.revoked || this.#stopping) return;
    lease.revoked = true;
    const { pool, slots } = lease;
    pool?.leases.delete(lease);
    if (this.#spare === lease) this.#spare = undefined;
    if (pool === undefined) return;
    const { clock } = this.#options;
    if (slots.length === 0) {
      pool.notBefore = clock.now() + ADD_AGAIN;
      return;
    }
    this.replaced++;
    const next = newLease(lease.fruitful ? 0 : lease.fruitless + 1);
    next.pool = pool;
    pool.leases.add(next);
    for (const slot of slots) {
      attach(slot, next);
      slot.rest.end();
    }
    if (!slots.every((slot) => this.#mayGoOn(slot, reason))) return;
    for (const { turns } of slots) void turns?.end();
    const searching = slots.some((slot) => this.#suspectedIn(slot) !== undefined);
    if (next.fruitless <= 1 || searching) void this.#start(next);
    else clock.at(clock.now() + restartDelay(next.fruitless - 1), () => void this.#start(next));
  }

  /** Counts a loss against a slot's partitions; false where one of them has failed for good. */
  #mayGoOn({ partitions, turns }: Slot, reason: unknown): boolean {
    const { coordinator } = this.#options;
    for (const id of partitions) {
      if (coordinator.isFinished(id) || turns?.isOut(id) === true) continue;
      coordinator.place(id, undefined);
      const failures = this.#count(id, reason);
      if (isLasting(reason)) {
        coordinator.failed(id, reason);
        return false;
      }
      if (failures > this.#most) {
        const what = `instances that held it were lost ${failures} times in a row without a commit; the last time: ${describe(reason).reason}`;
        coordinator.failed(id, new MillraceError("MILLRACE_HOST_FAILED", `partition ${id}`, what, { cause: reason }));
        return false;
      }
    }
    return true;
  }

  get #most(): number {
    return this.#options.maxFailures ?? MOST_FAILURES;
  }

  #count(id: string, reason: unknown): number {
    const meter = this.meters.get(id);
    if (meter !== undefined) meter.failures++;
    return this.failures.count(id, reason);
  }
}

function newLease(fruitless: number): Lease {
  return { pool: undefined, slots: [], handle: undefined, revoked: false, leaving: false, fruitful: false, fruitless, memory: 0 };
}
