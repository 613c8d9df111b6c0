import type { Clock } from "../../contracts/clock.ts";
import type { Ledger } from "../../contracts/ledger.ts";
import type { Source } from "../../contracts/source.ts";
import type { Topics } from "../../contracts/topics.ts";
import { MillraceError } from "../../errors.ts";
import type { Coordinator } from "../coordinator.ts";
import type { InstanceHandle, InstancePorts } from "../instance.ts";
import type { Plan } from "../plan.ts";
import type { Failure } from "../search.ts";
import type { PartitionStats } from "../stats.ts";
import type { TopicSignal } from "../topic-source.ts";
import type { Host } from "./host.ts";
import { isLasting, mayBeAnElement, restartDelay } from "./restarts.ts";

/** From this many failures in a row on, a partition looks for the element that makes it fail. */
const SUSPECT_AFTER = 2;

/** Failures of a partition in a row, without a commit between them, after which the run fails. */
const MOST_FAILURES = 32;

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
  readonly topics: Topics;
  readonly signal: TopicSignal;
  /** Failures of a partition in a row, without a commit between them, after which the run fails; default 32. */
  readonly maxFailures?: number;
}

/** The right of one instance to speak for its slot: revoked when the instance is lost or replaced. */
interface Lease {
  readonly slot: Slot;
  revoked: boolean;
  /** Whether a commit of it was applied. */
  fruitful: boolean;
}

interface Slot {
  readonly partitions: readonly string[];
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
  /** Counters of partitions that no instance holds now. */
  readonly #left = new Map<string, PartitionStats>();
  #stopping = false;
  #replaced = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { partitions } = options.coordinator;
    this.#slots = Array.from({ length: options.instances }, (_, slot) => ({
      partitions: partitions.filter((id) => placeOf(id) % options.instances === slot).reverse(),
      lease: undefined,
      handle: undefined,
      fruitless: 0,
    }));
  }

  /** How often an instance was lost and replaced. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Starts all instances and opens all partitions. Rejects, with nothing left running, where one of them cannot go on. */
  async start(): Promise<void> {
    const opened = Promise.all(this.#slots.map((slot) => this.#replace(slot)));
    try {
      await Promise.race([opened, this.#options.coordinator.done.then(() => opened)]);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stats(): Promise<ReadonlyMap<string, PartitionStats>> {
    const all = new Map<string, PartitionStats>(this.#left);
    const held = await Promise.all(this.#slots.map(async ({ handle }) => handle?.stats().catch(() => undefined)));
    for (const stats of held) for (const [id, one] of stats ?? []) all.set(id, one);
    return all;
  }

  /** Ends after the step that each partition is in. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#slots.map(async ({ handle }) => handle?.stop()));
  }

  async #startInstance(slot: Slot): Promise<void> {
    const { host, plans, bound, topics, signal } = this.#options;
    const lease: Lease = { slot, revoked: false, fruitful: false };
    slot.lease = lease;
    const handle = await host.start({ plans, ports: this.#portsFor(lease), bound, topics, signal, lost: (reason) => this.#lost(lease, reason) });
    if (lease.revoked || this.#stopping) await handle.terminate();
    else slot.handle = handle;
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
      await handle.open(id, { blocked: coordinator.isBlocked(id), ...(failure === undefined ? {} : { failure }) });
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
      const { handle } = lease.slot;
      if (lease.revoked || this.#stopping || handle === undefined) return;
      coordinator.place(id, handle);
      void this.#open(lease, handle, id, this.#suspected(id));
    });
  }

  /** An instance is gone with all its partitions: starts another in its place. */
  #lost(lease: Lease, reason: unknown): void {
    if (lease.revoked || this.#stopping) return;
    const { slot } = lease;
    const { clock, coordinator } = this.#options;
    lease.revoked = true;
    slot.handle = undefined;
    this.#replaced++;
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

  async #replace(slot: Slot): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#startInstance(slot);
      await this.#openAll(slot);
    } catch (error) {
      if (slot.lease !== undefined && !slot.lease.revoked) this.#lost(slot.lease, error);
    }
  }

  get #most(): number {
    return this.#options.maxFailures ?? MOST_FAILURES;
  }

  #count(id: string, reason: unknown): number {
    const failures = (this.#failures.get(id) ?? 0) + 1;
    this.#failures.set(id, failures);
    if (mayBeAnElement(reason)) {
      this.#suspicions.set(id, { times: (this.#suspicions.get(id)?.times ?? 0) + 1, failure: describe(reason) });
    }
    return failures;
  }

  #suspected(id: string): Failure | undefined {
    const suspicion = this.#suspicions.get(id);
    return suspicion === undefined || suspicion.times < SUSPECT_AFTER ? undefined : suspicion.failure;
  }

  #committed(lease: Lease, id: string): void {
    lease.fruitful = true;
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
        const result = await ledger.commit(commit);
        if (result.outcome === "applied") this.#committed(lease, commit.partition);
        return result;
      },
    };
  }
}

/** Partitions of one number of all stages lie in one instance, so that what forwards stays in a thread. */
function placeOf(partition: string): number {
  return Number(/(\d+)of\d+$/.exec(partition)?.[1] ?? 0);
}

function describe(reason: unknown): Failure {
  return reason instanceof Error ? { reason: reason.message, stack: reason.stack } : { reason: String(reason), stack: undefined };
}
