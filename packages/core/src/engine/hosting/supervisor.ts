import type { Commit, Ledger } from "../../contracts/ledger.ts";
import { MillraceError } from "../../errors.ts";
import type { InstanceHandle, InstancePorts } from "../instance.ts";
import { partitionId, partitionsOf } from "../plan.ts";
import type { Failure } from "../search.ts";
import { measuringTime } from "../metrics/measuring-time.ts";
import { PartitionMeter } from "../metrics/partition-meter.ts";
import type { StateSize } from "../partition-state.ts";
import { describe, Failures } from "./failures.ts";
import { Rest } from "./rest.ts";
import type { Lease, Slot, SupervisorOptions } from "./slots.ts";
import { isLasting, restartDelay } from "./restarts.ts";
import { StateTurns } from "./state-turns.ts";

/** Failures of a partition in a row, without a commit between them, after which the run fails. */
const MOST_FAILURES = 32;

/** Every so often, ms, it is looked how busy an instance is that runs for several slots; busy so often in a row is too much for one. */
const LOOK = 200;
const BUSY_LOOKS = 5;
const BUSY_SHARE = 0.7;

/** Keeps instances running: starts them, gives them partitions, replaces what is lost, and knows when to give up. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  readonly #failures = new Failures();
  readonly #meters: ReadonlyMap<string, PartitionMeter>;
  /** When a partition wants a step without input, by its last commit. */
  readonly #wakeAt = new Map<string, number>();
  /** Partitions that were open before. */
  readonly #opened = new Set<string>();
  readonly #starting = new Set<Promise<void>>();
  #spare: { readonly lease: Lease; readonly handle: InstanceHandle } | undefined;
  #stopping = false;
  #replaced = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { partitions } = options.coordinator;
    const { clock, idleAfter = Infinity, min = 0 } = options;
    this.#meters = new Map(partitions.map((id) => [id, new PartitionMeter()]));
    const slots = Array.from({ length: options.instances }, (_, index) => partitions.filter((id) => placeOf(id) % options.instances === index).reverse());
    this.#slots = slots.map((own, index) => ({
      index,
      partitions: own,
      turns: this.#turnsOf(index, own),
      rest: new Rest(clock, index < min ? Infinity : idleAfter, () => void this.#giveUp(index)),
      lease: undefined,
      handle: undefined,
      fruitless: 0,
    }));
  }

  /** How many instances run partitions now. */
  get running(): number {
    return this.#handles.size;
  }

  /** Something waits for a partition: brings its instance back where it had been given up. */
  wanted(partition: string): void {
    const slot = this.#slotOf(partition);
    if (slot.rest.wanted()) this.#bringBack(slot);
    else slot.turns?.look();
  }

  /** How often an instance was lost and replaced. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Starts all instances and opens all partitions. Rejects, with nothing left running, where one of them cannot go on. */
  async start(): Promise<void> {
    const opened = Promise.all(this.#slots.map((slot) => this.#replace(slot)));
    this.#listen();
    try {
      await Promise.race([opened, this.#options.coordinator.done.then(() => opened)]);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** What the commits of each partition have made real. */
  get meters(): ReadonlyMap<string, PartitionMeter> {
    return this.#meters;
  }

  /** Failures in a row, of partitions that have any. */
  get failuresInARow(): ReadonlyMap<string, number> {
    return this.#failures.inARow;
  }

  /** The instance that holds a partition now. */
  holder(partition: string): InstanceHandle | undefined {
    return this.#slotOf(partition).handle;
  }

  /** How much state partitions hold, asked of their instances now. */
  async stateSizes(): Promise<ReadonlyMap<string, StateSize>> {
    const held = await Promise.all([...this.#handles].map(async (handle) => handle.stateSizes().catch(() => undefined)));
    return new Map(held.flatMap((sizes) => [...(sizes ?? [])]));
  }

  /** Ends after the step that each partition is in. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { rest } of this.#slots) rest.end();
    await Promise.all([...this.#starting, ...this.#slots.map(({ turns }) => turns?.end())]);
    await Promise.all([...this.#handles, this.#spare?.handle].map(async (handle) => handle?.stop()));
  }

  /** An instance's partitions have rested long enough: closes them, and keeps the instance as a spare or ends it. */
  async #giveUp(index: number): Promise<void> {
    const slot = this.#slots[index];
    const { handle, lease, rest } = slot;
    if (handle === undefined || lease === undefined || lease.revoked || this.#stopping || slot.turns?.wanting === true || !rest.begin()) return;
    await slot.turns?.end();
    await closeAll(handle, slot);
    if (lease.revoked || this.#stopping) return;
    this.#release(slot);
    if (lease.slots.length > 0) {
      // The instance goes on for others.
    } else if (this.#spare === undefined && this.#options.spare !== false) this.#spare = { lease, handle };
    else {
      lease.revoked = true;
      await handle.stop();
    }
    const wakeAt = Math.min(Infinity, ...slot.partitions.map((id) => this.#wakeAt.get(id) ?? Infinity));
    if (rest.rests(wakeAt, () => this.#bringBack(slot))) this.#bringBack(slot);
  }

  /** Opens a slot's partitions again: in the spare, in an instance that runs for another slot, or in a new one. */
  #bringBack(slot: Slot): void {
    if (this.#stopping) return;
    slot.rest.end();
    const running = this.#slots.find(({ handle, lease }) => handle !== undefined && lease?.revoked === false);
    const taker = this.#spare ?? running;
    if (taker?.lease === undefined || taker.handle === undefined) {
      void this.#replace(slot);
      return;
    }
    if (taker === this.#spare) this.#spare = undefined;
    this.#attach(slot, taker.lease, taker.handle);
    if (taker.lease.slots.length === 2) this.#watch(taker.lease);
    void this.#openAll(slot);
  }

  #attach(slot: Slot, lease: Lease, handle: InstanceHandle): void {
    lease.slots = [...lease.slots, slot];
    slot.lease = lease;
    slot.handle = handle;
  }

  #release(slot: Slot): void {
    for (const id of slot.partitions) this.#options.coordinator.place(id, undefined);
    if (slot.lease !== undefined) slot.lease.slots = slot.lease.slots.filter((one) => one !== slot);
    slot.handle = undefined;
    slot.lease = undefined;
  }

  /** Looks, while an instance runs for several slots, whether that is too much for it. */
  #watch(lease: Lease): void {
    const { clock } = this.#options;
    clock.at(clock.now() + LOOK, () => {
      if (lease.revoked || this.#stopping || lease.slots.length < 2) return;
      const share = lease.slots[0].handle?.utilization?.() ?? 0;
      lease.busy = share > BUSY_SHARE ? lease.busy + 1 : 0;
      if (lease.busy < BUSY_LOOKS) {
        this.#watch(lease);
        return;
      }
      lease.busy = 0;
      const moving = this.#moveOut(lease.slots[lease.slots.length - 1], lease).finally(() => {
        this.#starting.delete(moving);
        this.#watch(lease);
      });
      this.#starting.add(moving);
    });
  }

  /** Hands a slot's partitions over to an instance of their own, between steps. */
  async #moveOut(slot: Slot, from: Lease): Promise<void> {
    const lease: Lease = { slots: [], revoked: false, busy: 0, fruitful: false, memory: 0 };
    const handle = await this.#instanceFor(lease).catch(() => undefined);
    const { handle: before } = slot;
    if (handle === undefined) return;
    if (slot.lease !== from || before === undefined || !slot.rest.hold()) {
      lease.revoked = true;
      await handle.stop();
      return;
    }
    await slot.turns?.end();
    await closeAll(before, slot);
    if (from.revoked || lease.revoked || this.#stopping) {
      lease.revoked = true;
      await handle.stop();
      return;
    }
    this.#release(slot);
    slot.rest.end();
    this.#attach(slot, lease, handle);
    await this.#openAll(slot);
  }

  /** Hears of what brings instances back: atoms in the topics that partitions read. */
  #listen(): void {
    const { plans, signal } = this.#options;
    if (this.#options.idleAfter === undefined) return;
    for (const plan of plans) {
      for (const stage of plan.stages) {
        for (const operator of stage.operators) {
          const { spec } = plan.operators[operator].node;
          if (spec.kind !== "source") continue;
          signal.onGrowth(spec.topic.name, () => {
            for (let partition = 0; partition < stage.partitions; partition++) this.wanted(partitionId(plan, stage, partition));
          });
        }
      }
    }
  }

  async #startInstance(slot: Slot): Promise<void> {
    const lease: Lease = { slots: [slot], revoked: false, busy: 0, fruitful: false, memory: 0 };
    slot.lease = lease;
    slot.handle = await this.#instanceFor(lease);
  }

  /** Starts an instance; undefined where it is not needed any more. */
  async #instanceFor(lease: Lease): Promise<InstanceHandle | undefined> {
    const { host, plans, bound, topics, signal } = this.#options;
    const handle = await host.start({ plans, ports: this.#portsFor(lease), bound, topics, signal, lost: (reason) => this.#lost(lease, reason) });
    lease.memory = handle.memory ?? 0;
    if (!lease.revoked && !this.#stopping) return handle;
    await handle.terminate();
    return undefined;
  }

  async #openAll(slot: Slot): Promise<void> {
    const { coordinator } = this.#options;
    const { handle, lease } = slot;
    if (handle === undefined || lease === undefined) return;
    const wanted = slot.partitions.filter((id) => !coordinator.isFinished(id) && slot.turns?.has(id) !== true);
    for (const id of wanted) coordinator.place(id, handle);
    const suspected = this.#suspectedIn(slot);
    const opened = Promise.all(wanted.map((id) => this.#open(lease, handle, id, suspected)));
    const begun = slot.turns?.begin();
    await opened;
    await begun;
  }

  /** Where one is suspected all of an instance search: then one at a time steps, and its end is blamed on no other. */
  #suspectedIn({ partitions }: Slot): Failure | undefined {
    return partitions.map((id) => this.#failures.suspected(id)).find((failure) => failure !== undefined);
  }

  /** How the keyed partitions of a slot take turns, where memory is limited. */
  #turnsOf(index: number, partitions: readonly string[]): StateTurns | undefined {
    const { clock, coordinator, instances, plans, stateMemory } = this.#options;
    if (stateMemory === undefined) return undefined;
    const keyed = new Set(plans.flatMap((plan) => plan.stages.flatMap((stage) => (stage.distribution === "keyed" ? partitionsOf(plan, stage) : []))));
    return new StateTurns(partitions, partitions.filter((id) => keyed.has(id)), stateMemory / instances, {
      clock,
      sentTo: (id) => coordinator.sentTo(id),
      isBlocked: (id) => coordinator.isBlocked(id),
      isFinished: (id) => coordinator.isFinished(id),
      wakeAt: (id) => this.#wakeAt.get(id) ?? Infinity,
      open: async (id) => {
        const slot = this.#slots[index];
        const { handle, lease } = slot;
        if (handle === undefined || lease === undefined) return;
        coordinator.place(id, handle);
        await this.#open(lease, handle, id, this.#suspectedIn(slot));
      },
      close: async (id) => {
        coordinator.place(id, undefined);
        await this.#slots[index].handle?.close(id).catch(() => undefined);
        this.#tellRest(this.#slots[index], id, false);
      },
    });
  }

  async #open(lease: Lease, handle: InstanceHandle, id: string, failure: Failure | undefined): Promise<void> {
    const { coordinator } = this.#options;
    try {
      const resumed = this.#opened.has(id);
      await handle.open(id, { blocked: coordinator.isBlocked(id), resumed, ...(failure === undefined ? {} : { failure }) });
      this.#opened.add(id);
    } catch (error) {
      this.#failed(lease, id, error);
      return;
    }
    // It may have been blocked or relieved while it was being opened.
    handle.block(id, coordinator.isBlocked(id));
  }

  /** A partition of an instance that lives cannot go on: opens it again, later and later. */
  #failed(lease: Lease, id: string, error: unknown): void {
    if (lease.revoked || this.#stopping) return;
    const { clock, coordinator } = this.#options;
    coordinator.place(id, undefined);
    this.#slotOf(id).turns?.failed(id);
    const failures = this.#count(id, error);
    if (isLasting(error) || failures > this.#most) {
      coordinator.failed(id, error);
      return;
    }
    clock.at(clock.now() + restartDelay(this.#failures.suspected(id) === undefined ? failures : 1), () => {
      const { handle, lease: current, turns } = this.#slotOf(id);
      if (current !== lease || lease.revoked || this.#stopping || handle === undefined || turns?.isOut(id) === true) return;
      coordinator.place(id, handle);
      void this.#open(lease, handle, id, this.#failures.suspected(id));
    });
  }

  /** An instance is gone with all its partitions: starts another in its place. */
  #lost(lease: Lease, reason: unknown): void {
    if (lease.revoked || this.#stopping) return;
    lease.revoked = true;
    if (this.#spare?.lease === lease) {
      this.#spare = undefined;
      return;
    }
    if (lease.slots.length > 0) this.#replaced++;
    for (const slot of lease.slots) this.#restart(slot, lease, reason);
  }

  #restart(slot: Slot, lease: Lease, reason: unknown): void {
    const { clock, coordinator } = this.#options;
    slot.rest.end();
    slot.handle = undefined;
    slot.fruitless = lease.fruitful ? 0 : slot.fruitless + 1;
    for (const id of slot.partitions) {
      if (coordinator.isFinished(id) || slot.turns?.isOut(id) === true) continue;
      coordinator.place(id, undefined);
      const failures = this.#count(id, reason);
      if (isLasting(reason)) {
        coordinator.failed(id, reason);
        return;
      }
      if (failures > this.#most) {
        const what = `instances that held it were lost ${failures} times in a row without a commit; the last time: ${describe(reason).reason}`;
        coordinator.failed(id, new MillraceError("MILLRACE_HOST_FAILED", `partition ${id}`, what, { cause: reason }));
        return;
      }
    }
    void slot.turns?.end();
    const searching = this.#suspectedIn(slot) !== undefined;
    if (slot.fruitless <= 1 || searching) void this.#replace(slot);
    else clock.at(clock.now() + restartDelay(slot.fruitless - 1), () => void this.#replace(slot));
  }

  #replace(slot: Slot): Promise<void> {
    const starting = this.#startAndOpen(slot).finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return starting;
  }

  async #startAndOpen(slot: Slot): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#startInstance(slot);
      await this.#openAll(slot);
    } catch (error) {
      if (slot.lease !== undefined && !slot.lease.revoked) this.#lost(slot.lease, error);
    }
  }

  get #handles(): ReadonlySet<InstanceHandle> {
    return new Set(this.#slots.flatMap(({ handle }) => handle ?? []));
  }

  #slotOf(partition: string): Slot {
    return this.#slots[placeOf(partition) % this.#slots.length];
  }

  get #most(): number {
    return this.#options.maxFailures ?? MOST_FAILURES;
  }

  #count(id: string, reason: unknown): number {
    const meter = this.#meters.get(id);
    if (meter !== undefined) meter.failures++;
    return this.#failures.count(id, reason);
  }

  #committed(lease: Lease, commit: Commit, now: number, milliseconds: number): void {
    const { partition: id, wakeAt } = commit;
    lease.fruitful = true;
    this.#meters.get(id)?.committed(commit, now, milliseconds, lease.memory);
    this.#wakeAt.set(id, wakeAt);
    this.#failures.forget(id);
    this.#slotOf(id).turns?.look();
  }

  #tellRest({ rest, turns, partitions }: Slot, partition: string, resting: boolean): void {
    const { coordinator } = this.#options;
    rest.tell(partition, resting, partitions.filter((id) => !coordinator.isFinished(id) && turns?.isOut(id) !== true).length);
  }

  #holds(lease: Lease, id: string, bytes: number, idle: boolean): void {
    const { lease: current, turns } = this.#slotOf(id);
    if (!lease.revoked && current === lease) turns?.told(id, bytes, idle);
  }

  #portsFor(lease: Lease): InstancePorts {
    const { clock, coordinator, keyGroups, source } = this.#options;
    return {
      ledger: this.#ledgerFor(lease),
      clock,
      chain: coordinator.chain,
      keyGroups,
      source: (topic) => Promise.resolve(source(topic)),
      finished: (partition) => {
        if (lease.revoked) return;
        coordinator.finished(partition);
        this.#slotOf(partition).turns?.look();
      },
      resting: (partition, resting) => {
        const slot = this.#slotOf(partition);
        if (!lease.revoked && slot.lease === lease) this.#tellRest(slot, partition, resting);
      },
      report: (partition, report) => {
        if (!lease.revoked) coordinator.splits.report(partition, report);
      },
      ...(this.#options.stateMemory === undefined ? {} : { holds: (partition: string, bytes: number, idle: boolean) => this.#holds(lease, partition, bytes, idle) }),
      failed: (partition, error) => this.#failed(lease, partition, error),
    };
  }

  /** Without a lease nothing is taken away from those that have one; what is committed the ledger decides. */
  #ledgerFor(lease: Lease): Ledger {
    const ledger = this.#options.coordinator.ledgerForPartitions();
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
        if (result.outcome === "applied") this.#committed(lease, commit, ended, ended - begun);
        return result;
      },
    };
  }
}

/** Partitions of one number of all stages lie in one instance, so that what forwards stays in a thread. */
function placeOf(partition: string): number {
  return Number(/(\d+)of\d+$/.exec(partition)?.[1] ?? 0);
}

/** Closes a slot's partitions after the step that each is in; one that is lost meanwhile is closed too. */
async function closeAll(handle: InstanceHandle, slot: Slot): Promise<void> {
  await Promise.all(slot.partitions.map((id) => handle.close(id).catch(() => undefined)));
}
