import { MillraceError } from "../../errors.ts";
import type { InstanceHandle } from "../instance.ts";
import type { StageScaling } from "../metrics/metrics.ts";
import type { PartitionMeter } from "../metrics/partition-meter.ts";
import type { StateSize } from "../partition-state.ts";
import { partitionId, type Plan, type Stage } from "../plan.ts";
import { desiredInstances, neededShare, type StageDemand } from "./desired-instances.ts";
import { Instances } from "./instances.ts";
import { makePools } from "./make-pools.ts";
import { Placement } from "./placement.ts";
import { PoolWatch } from "./pool-watch.ts";
import type { Pool, Slot } from "./slots.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/** Every so often, ms, it is looked how many instances there should be, while that can be more than one number. */
const LOOK = 200;

/**
 * Decides how many instances each pool of stages has, and which slots are open in which of them. A slot
 * that rests is closed, and opened again by the first thing there is to do: in an instance of its pool,
 * in the spare one, at once in one that runs for others, or in a new one.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #instances: Instances;
  readonly #pools: readonly Pool[];
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #placement: Placement;
  readonly #watch: PoolWatch;
  /** Whether what there is to do can change how many instances there are while slots are open. */
  readonly #scales: boolean;
  #looking = false;
  #stopping = false;
  /** How much state partitions held when that was asked last. */
  readonly #sizes = new Map<string, StateSize>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { coordinator, ledger, topics, bound, pools } = options;
    this.#instances = new Instances(options, (partition) => this.#slotOf(partition));
    this.#pools = makePools(options, this.#instances, (slot) => void this.#giveUp(slot));
    this.#placement = new Placement(options, this.#instances, this.#pools);
    this.#slots = new Map(this.#pools.flatMap(({ slots }) => slots.flatMap((slot) => slot.partitions.map((id) => [id, slot] as const))));
    this.#scales = pools.length > 1 || pools.some(({ limits }) => limits.max > Math.max(1, limits.min));
    const isBound = (topic: string): boolean => bound(topic) !== undefined;
    this.#watch = new PoolWatch({ ledger, coordinator, meters: this.#instances.meters, stored: { topics, isBound } });
  }

  /** How many instances run partitions now. */
  get running(): number {
    return this.#handles.size;
  }

  /** How often an instance was lost and replaced. */
  get replaced(): number {
    return this.#instances.replaced;
  }

  /** What the commits of each partition have made real. */
  get meters(): ReadonlyMap<string, PartitionMeter> {
    return this.#instances.meters;
  }

  /** Failures in a row, of partitions that have any. */
  get failuresInARow(): ReadonlyMap<string, number> {
    return this.#instances.failures.inARow;
  }

  /** The instance that holds a partition now. */
  holder(partition: string): InstanceHandle | undefined {
    return this.#slotOf(partition).lease?.handle;
  }

  /** How many instances a stage, with those that share its limits, is to have now, and may have. */
  scaling(plan: Plan, stage: Stage): StageScaling {
    const { pool } = this.#slotOf(partitionId(plan, stage, 0));
    return { wanted: pool.wanted, ...pool.limits };
  }

  /** How much state partitions hold, asked of their instances now; of those that are closed, what they held when it was asked last. */
  async stateSizes(): Promise<ReadonlyMap<string, StateSize>> {
    const held = await Promise.all([...this.#handles].map(async (handle) => handle.stateSizes().catch(() => undefined)));
    for (const sizes of held) for (const [id, size] of sizes ?? []) this.#sizes.set(id, size);
    return new Map(this.#sizes);
  }

  /** Starts instances and opens all partitions. Rejects, with nothing left running, where one of them cannot go on. */
  async start(): Promise<void> {
    await this.#instances.load();
    this.#decide();
    const opened = Promise.all(this.#pools.map((pool) => this.#placement.begin(pool)));
    for (const pool of this.#pools) for (const slot of pool.slots) if (slot.lease === undefined) this.#placement.place(slot);
    this.#listen();
    this.#keepLooking();
    try {
      await Promise.race([opened, this.#options.coordinator.done.then(() => opened)]);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Something waits for a partition: brings its slot back where it had been closed. */
  wanted(partition: string): void {
    const slot = this.#slotOf(partition);
    if (this.#options.coordinator.isFinished(partition)) return;
    if (slot.rest.wanted()) this.#bringBack(slot);
    else slot.turns?.look();
  }

  /** Ends after the step that each partition is in. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { rest } of this.#slots.values()) rest.end();
    await Promise.all([this.#instances.stop(), this.#placement.stop(), ...[...this.#slots.values()].map(({ turns }) => turns?.end())]);
    await Promise.all(this.#pools.flatMap(({ leases }) => [...leases].map(async ({ handle }) => handle?.stop())));
  }

  /** A slot's partitions have rested long enough: closes them, and its instance, where that has no others. */
  async #giveUp(slot: Slot): Promise<void> {
    const { lease, rest, turns, pool } = slot;
    if (lease?.handle === undefined || lease.revoked || this.#stopping || turns?.wanting === true || !rest.begin()) return;
    await this.#instances.close(slot);
    if (slot.lease !== lease || lease.revoked || this.#stopping) return;
    this.#placement.release(slot);
    if (pool.slots.every((one) => one.lease === undefined)) pool.load.rest();
    this.#decide();
    const wakeAt = Math.min(Infinity, ...slot.partitions.map((id) => this.#instances.wakeAt.get(id) ?? Infinity));
    if (rest.rests(wakeAt, () => this.#bringBack(slot))) this.#bringBack(slot);
  }

  /** Opens a slot's partitions again. */
  #bringBack(slot: Slot): void {
    if (this.#stopping) return;
    slot.rest.end();
    this.#decide();
    this.#placement.place(slot);
    this.#keepLooking();
  }

  /** How many instances each pool is to have, by what was seen last. */
  #decide(): void {
    const wanted = desiredInstances(this.#pools.map(demandOf), this.#options.quota);
    for (const [i, pool] of this.#pools.entries()) pool.wanted = wanted[i];
  }

  #keepLooking(): void {
    const { clock } = this.#options;
    if (!this.#scales || this.#looking || this.#stopping) return;
    this.#looking = true;
    this.#watch.begin(this.#pools, clock.now());
    this.#lookLater();
  }

  #lookLater(): void {
    const { clock } = this.#options;
    clock.at(clock.now() + LOOK, () => this.#placement.track(this.#look()));
  }

  async #look(): Promise<void> {
    // Where the store does not answer, the next look may see more.
    const { clock } = this.#options;
    await this.#watch.look(this.#pools, clock.now()).catch(() => undefined);
    this.#looking = !this.#stopping && this.#pools.some(({ slots }) => slots.some(isOpen));
    if (!this.#looking) return;
    this.#decide();
    for (const pool of this.#pools) this.#placement.adjust(pool, clock.now());
    this.#lookLater();
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

  get #handles(): ReadonlySet<InstanceHandle> {
    return new Set(this.#pools.flatMap(({ leases }) => [...leases].flatMap(({ handle, slots }) => (slots.length > 0 ? (handle ?? []) : []))));
  }

  #slotOf(partition: string): Slot {
    const slot = this.#slots.get(partition);
    if (slot === undefined) throw new MillraceError("MILLRACE_INVARIANT", `partition ${partition}`, "no plan has it");
    return slot;
  }
}

/** Slots without an instance of their own are open in others' meanwhile: nothing waits for a turn. */
function demandOf({ limits, load, slots, leases }: Pool): StageDemand {
  const open = slots.filter(isOpen).length;
  const needed = neededShare(load.load(open > 0));
  const max = Math.max(limits.min, Math.min(limits.max, open));
  return { limits: { ...limits, max }, needed, recently: Math.max(needed, load.recently), instances: leases.size, since: 0 };
}

function isOpen({ rest, lease }: Slot): boolean {
  return rest.isOpen || lease !== undefined;
}
