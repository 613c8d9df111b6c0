import type { Clock } from "../../contracts/clock.ts";
import type { Commit, Ledger } from "../../contracts/ledger.ts";
import type { Source } from "../../contracts/source.ts";
import type { Topics } from "../../contracts/topics.ts";
import { MillraceError } from "../../errors.ts";
import type { Coordinator } from "../coordinator.ts";
import type { InstanceHandle, InstancePorts } from "../instance.ts";
import { partitionId, type Plan } from "../plan.ts";
import type { Failure } from "../search.ts";
import { measuringTime } from "../metrics/measuring-time.ts";
import { PartitionMeter } from "../metrics/partition-meter.ts";
import type { StateSize } from "../partition-state.ts";
import type { TopicSignal } from "../topic-source.ts";
import type { Host } from "./host.ts";
import { Rest } from "./rest.ts";
import { isLasting, mayBeAnElement, restartDelay } from "./restarts.ts";

/** From this many failures in a row on, a partition looks for the element that makes it fail. */
const SUSPECT_AFTER = 2;

/** Failures of a partition in a row, without a commit between them, after which the run fails. */
const MOST_FAILURES = 32;

/** Every so often, ms, it is looked how busy an instance is that runs for several slots; busy so often in a row is too much for one. */
const LOOK = 200;
const BUSY_LOOKS = 5;
const BUSY_SHARE = 0.7;

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
}

/** The right of one instance to speak for its slots: revoked when the instance is lost or given up. */
interface Lease {
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

interface Slot {
  readonly index: number;
  readonly partitions: readonly string[];
  readonly rest: Rest;
  lease: Lease | undefined;
  handle: InstanceHandle | undefined;
  /** Instances lost in a row that had committed nothing. */
  fruitless: number;
}

/** Keeps instances running: starts them, gives them partitions, replaces what is lost, and knows when to give up. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  /** Failures in a row, by partition. */
  readonly #failures = new Map<string, number>();
  /** How many of them an element may have caused, and how the last one went. */
  readonly #suspicions = new Map<string, { readonly times: number; readonly failure: Failure }>();
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
    this.#slots = Array.from({ length: options.instances }, (_, index) => ({
      index,
      partitions: partitions.filter((id) => placeOf(id) % options.instances === index).reverse(),
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
    return this.#failures;
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
    await Promise.all([...this.#starting]);
    await Promise.all([...this.#handles, this.#spare?.handle].map(async (handle) => handle?.stop()));
  }

  /** An instance's partitions have rested long enough: closes them, and keeps the instance as a spare or ends it. */
  async #giveUp(index: number): Promise<void> {
    const slot = this.#slots[index];
    const { handle, lease, rest } = slot;
    if (handle === undefined || lease === undefined || lease.revoked || this.#stopping || !rest.begin()) return;
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
    const wanted = slot.partitions.filter((id) => !coordinator.isFinished(id));
    for (const id of wanted) coordinator.place(id, handle);
    // Where one is suspected all of them search: then one at a time steps, and its end is blamed on no other.
    const suspected = wanted.map((id) => this.#suspected(id)).find((failure) => failure !== undefined);
    await Promise.all(wanted.map((id) => this.#open(lease, handle, id, suspected)));
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
    const failures = this.#count(id, error);
    if (isLasting(error) || failures > this.#most) {
      coordinator.failed(id, error);
      return;
    }
    clock.at(clock.now() + restartDelay(this.#suspected(id) === undefined ? failures : 1), () => {
      const { handle, lease: current } = this.#slotOf(id);
      if (current !== lease || lease.revoked || this.#stopping || handle === undefined) return;
      coordinator.place(id, handle);
      void this.#open(lease, handle, id, this.#suspected(id));
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
      if (coordinator.isFinished(id)) continue;
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
    const searching = slot.partitions.some((id) => this.#suspected(id) !== undefined);
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
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    const meter = this.#meters.get(id);
    if (meter !== undefined) meter.failures++;
    if (mayBeAnElement(reason)) {
      this.#suspicions.set(id, { times: (this.#suspicions.get(id)?.times ?? 0) + 1, failure: describe(reason) });
    }
    return failures;
  }

  #suspected(id: string): Failure | undefined {
    const suspicion = this.#suspicions.get(id);
    return suspicion === undefined || suspicion.times < SUSPECT_AFTER ? undefined : suspicion.failure;
  }

  #committed(lease: Lease, commit: Commit, now: number, milliseconds: number): void {
    const { partition: id, wakeAt } = commit;
    lease.fruitful = true;
    this.#meters.get(id)?.committed(commit, now, milliseconds, lease.memory);
    this.#wakeAt.set(id, wakeAt);
    if (this.#failures.size === 0) return;
    this.#failures.delete(id);
    this.#suspicions.delete(id);
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
        if (!lease.revoked) coordinator.finished(partition);
      },
      resting: (partition, resting) => {
        const slot = this.#slotOf(partition);
        if (!lease.revoked && slot.lease === lease) slot.rest.tell(partition, resting, slot.partitions.filter((id) => !coordinator.isFinished(id)).length);
      },
      report: (partition, report) => {
        if (!lease.revoked) coordinator.splits.report(partition, report);
      },
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

function describe(reason: unknown): Failure {
  return reason instanceof Error ? { reason: reason.message, stack: reason.stack } : { reason: String(reason), stack: undefined };
}
