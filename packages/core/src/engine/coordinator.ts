import type { Clock } from "../contracts/clock.ts";
import type { Commit, CommitResult, Ledger, LinkBatch, PartitionId, Root, StateAddress, TopicAppend } from "../contracts/ledger.ts";
import type { Topics } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import { Compaction } from "./collections/compaction.ts";
import { CollectionStore } from "./collections/store.ts";
import type { InstanceHandle } from "./instance.ts";
import { sourceName } from "./lanes.ts";
import { linkId, partitionId, partitionsOf, type Plan } from "./plan.ts";
import { decodeProgress } from "./progress.ts";
import type { LaneProgress } from "./source-input.ts";
import { SplitTimeBoard } from "./split-times.ts";
import { PrefixChain } from "./time-chain.ts";
import { WrittenTimes } from "./written-times.ts";

/**
 * A sender takes in nothing more above this many bytes that its receivers have in memory and have not
 * applied, and goes on below half. What lies in the ledger for receivers that are closed has a bound of
 * its own.
 */
const PRESSURE_BYTES = 8 * 1024 * 1024;
/** What the ledger's index, and the account here, need for a batch. */
const BATCH_BYTES = 64;
/** How often a commit is made of which the ledger says each time that it may have been. */
const COMMIT_ATTEMPTS = 3;
/** The outcome of a commit that the root tells of. */
const HANDED_ON_LATE: Extract<CommitResult, { outcome: "applied" }> = { outcome: "applied", offsets: [], rewrite: [] };
const CHANGE_LOG_BYTES = 16 * 1024 * 1024;

export interface CoordinatorOptions {
  readonly plans: readonly Plan[];
  readonly ledger: Ledger & Topics;
  readonly clock: Clock;
  /** Collections that people edit, beside those that workflows write or read. */
  readonly collections?: readonly string[];
  /** Change logs of collections are compacted above this many bytes. Default 16 MiB. */
  readonly changeLogBytes?: number;
  /** How much of a sender may lie in the ledger for receivers that are closed, bytes. Default 8 MiB. */
  readonly closedBytes?: number;
  /** Told when a commit has appended to a topic, and the first offset where the ledger said it. */
  readonly onAppend?: (append: TopicAppend, offset: number | undefined) => void;
  /** Told of each commit that was applied, and the offsets of its appends where the ledger said them. */
  readonly onCommit?: (commit: Commit, offsets: readonly number[]) => void;
  /** Whether topics in the store end where those who write them do. Default false. */
  readonly bounded?: boolean;
  /** Told when event time has come further in a topic or change log that a workflow writes. */
  readonly onTime?: (topic: string) => void;
  /** Told when there is something to do for a partition. */
  readonly onSend?: (partition: string) => void;
}

interface Assigned {
  readonly id: string;
  instance: InstanceHandle | undefined;
  finished: boolean;
  /** Links to it. */
  readonly incoming: Link[];
  /** Bytes that were sent to it, from what it had not applied when this process began, and those of them that it has applied. */
  sentBytes: number;
  appliedBytes: number;
  /** Bytes that it sent and its receivers have not applied: that they were given, and that lie in the ledger for them. */
  givenBytes: number;
  storedBytes: number;
  blocked: boolean;
}

/** Who sends and who receives on a link, and what was sent and not applied, oldest first. */
interface Link {
  readonly from: Assigned;
  readonly to: Assigned;
  waiting: { readonly sequence: number; readonly bytes: number }[];
  /** So many of them, the oldest, lie in the ledger for a receiver that was not open; the others were given to it. */
  stored: number;
}

/**
 * Gives partitions to instances, passes their commits to the ledger and hands on what was sent. It
 * decides nothing that the ledger's conditions do not decide again.
 */
export class Coordinator {
  readonly collections: CollectionStore;
  readonly chain = new PrefixChain();
  readonly splits: SplitTimeBoard;
  readonly writtenTimes: WrittenTimes;
  readonly #plans: readonly Plan[];
  readonly #ledger: Ledger & Topics;
  readonly #onSend: ((partition: string) => void) | undefined;
  readonly #onAppend: CoordinatorOptions["onAppend"];
  readonly #onCommit: CoordinatorOptions["onCommit"];
  readonly #onTime: CoordinatorOptions["onTime"];
  readonly #edited: readonly string[];
  readonly #partitions = new Map<string, Assigned>();
  readonly #links = new Map<string, Link>();
  /** By partition: its last commit, while it is not known what became of it. */
  readonly #uncertain = new Map<PartitionId, Commit>();
  readonly #closedBytes: number;
  readonly #done = Promise.withResolvers<void>();

  constructor(options: CoordinatorOptions) {
    this.#plans = options.plans;
    this.#ledger = options.ledger;
    this.#closedBytes = options.closedBytes ?? PRESSURE_BYTES;
    this.#onAppend = options.onAppend;
    this.#onCommit = options.onCommit;
    this.#onTime = options.onTime;
    this.writtenTimes = new WrittenTimes(options.plans, options.bounded === true);
    this.#onSend = options.onSend;
    this.splits = new SplitTimeBoard(options.plans, (partition, times) => {
      this.#get(partition).instance?.follow(partition, times);
      this.#onSend?.(partition);
    });
    const compaction: Compaction = new Compaction({
      ledger: options.ledger,
      store: (this.collections = new CollectionStore(options.ledger, (name) => compaction.consider(name))),
      leastBytes: options.changeLogBytes ?? CHANGE_LOG_BYTES,
      readFrom: (collection) => this.#readFrom(collection),
    });
    this.#edited = options.collections ?? [];
    for (const plan of this.#plans) this.#wire(plan);
    this.#done.promise.catch(() => undefined);
  }

  /** Resolves when every partition has taken in all its input; rejects when one cannot go on. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** All partitions, in the order of their stages. */
  get partitions(): readonly string[] {
    return [...this.#partitions.keys()];
  }

  /** Whether everything that was sent has been applied. */
  get quiet(): boolean {
    return [...this.#partitions.values()].every(({ sentBytes, appliedBytes }) => sentBytes === appliedBytes);
  }

  /** Loads what is shared: collections, and the chains of event times. Gives the lanes of all partitions as they were committed. */
  async load(): Promise<readonly LaneProgress[]> {
    for (const name of [...this.#edited, ...this.#plans.flatMap(({ workflow }) => collectionsOf(workflow))]) await this.collections.load(name);
    const lanes: LaneProgress[] = [];
    for (const id of this.#partitions.keys()) {
      lanes.push(...(decodeProgress(await this.#ledger.root(id))?.lanes ?? []));
    }
    for (const [name, link] of this.#links) await this.#restore(name, link);
    this.chain.restore(lanes);
    await this.writtenTimes.load(this.#ledger);
    return lanes;
  }

  /** Gives partitions to instances; receivers first, so that nothing waits that could be delivered. */
  async assign(place: (partition: string) => InstanceHandle): Promise<void> {
    const ids = [...this.#partitions.keys()].reverse();
    for (const id of ids) this.place(id, place(id));
    await Promise.all(ids.map(async (id) => this.#get(id).instance?.open(id, { blocked: this.#get(id).blocked })));
  }

  /** Says who has a partition now; undefined: nobody. What is sent to it meanwhile it finds in the ledger when it is opened. */
  place(partition: string, instance: InstanceHandle | undefined): void {
    const one = this.#get(partition);
    one.instance = instance;
    if (instance !== undefined) return;
    for (const link of one.incoming) {
      for (let at = link.stored; at < link.waiting.length; at++) {
        link.from.givenBytes -= link.waiting[at].bytes;
        link.from.storedBytes += link.waiting[at].bytes;
      }
      link.stored = link.waiting.length;
      this.#press(link.from);
    }
  }

  /** Whether a partition's receivers have so much to apply that it must not read its sources. */
  isBlocked(partition: string): boolean {
    return this.#get(partition).blocked;
  }

  /** What was sent to a partition and it has not applied. */
  backlog(partition: string): { readonly batches: number; readonly bytes: number } {
    const { incoming, sentBytes, appliedBytes } = this.#get(partition);
    let batches = 0;
    for (const { waiting } of incoming) batches += waiting.length;
    return { batches, bytes: sentBytes - appliedBytes - batches * BATCH_BYTES };
  }

  /** Bytes that were sent to a partition, and how many of those it has applied, since this process runs. */
  sentTo(partition: string): { readonly sentBytes: number; readonly appliedBytes: number } {
    return this.#get(partition);
  }

  /** Whether a partition has taken in all its input. */
  isFinished(partition: string): boolean {
    return this.#get(partition).finished;
  }

  /** The ledger as partitions see it: a commit that was applied is handed on. */
  ledgerForPartitions(): Ledger {
    const ledger = this.#ledger;
    return {
      capabilities: ledger.capabilities,
      fence: (partition) => this.#fence(partition),
      root: (partition) => ledger.root(partition),
      partitions: () => ledger.partitions(),
      retire: (partition) => ledger.retire(partition),
      commit: (commit) => this.commit(commit),
      state: (address) => ledger.state(address),
      groups: (table) => ledger.groups(table),
      pending: (link, after) => ledger.pending(link, after),
      readRecord: (name) => ledger.readRecord(name),
      writeRecord: (name, bytes) => ledger.writeRecord(name, bytes),
      close: () => Promise.resolve(),
    };
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const result = await this.#commit(commit);
    if (result.outcome === "applied") this.#applied(commit, result);
    return result;
  }

  #applied(commit: Commit, { rewrite, offsets }: Extract<CommitResult, { outcome: "applied" }>): void {
    for (const batch of commit.sends) this.#handOn(batch);
    for (const { link, sequence } of commit.applied) this.#relieve(link, sequence);
    this.#onCommit?.(commit, offsets);
    const risen = this.writtenTimes.note(commit);
    for (const [i, append] of commit.appends.entries()) {
      this.collections.applied(append, offsets.at(i));
      this.#onAppend?.(append, offsets.at(i));
    }
    for (const topic of risen) this.#onTime?.(topic);
    if (rewrite.length > 0) this.#askRewrite(rewrite);
  }

  /** A new owner's root says what became of a commit of which nobody knew: it is handed on before the owner goes on after it. */
  async #fence(partition: PartitionId): Promise<Root> {
    const root = await this.#ledger.fence(partition);
    const commit = this.#uncertain.get(partition);
    this.#uncertain.delete(partition);
    if (commit !== undefined && root.version === commit.version) this.#applied(commit, HANDED_ON_LATE);
    return root;
  }

  /** Where the ledger cannot say whether a commit was applied, its root does; one that was not is made again. */
  async #commit(commit: Commit): Promise<CommitResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ledger.commit(commit);
      } catch (error) {
        if (!(error instanceof MillraceError && error.code === "MILLRACE_UNKNOWN_OUTCOME")) throw error;
        this.#uncertain.set(commit.partition, commit);
        const root = await this.#ledger.root(commit.partition);
        if (root?.epoch !== commit.epoch || root.version > commit.version) throw error;
        if (root.version === commit.version - 1 && attempt === COMMIT_ATTEMPTS) throw error;
        this.#uncertain.delete(commit.partition);
        if (root.version === commit.version) return HANDED_ON_LATE;
      }
    }
  }

  finished(partition: string): void {
    this.#get(partition).finished = true;
    if ([...this.#partitions.values()].every((one) => one.finished)) this.#done.resolve();
  }

  /** A partition cannot go on: ends the run with its error. */
  failed(_partition: string, error: unknown): void {
    this.#done.reject(error);
  }

  /** Gives a batch to its receiver, or leaves it in the ledger where the receiver is not open or has older ones to read there. */
  #handOn(batch: LinkBatch): void {
    const link = this.#links.get(batch.link);
    if (link === undefined) return;
    const { from, to } = link;
    const bytes = batch.bytes.length + BATCH_BYTES;
    link.waiting.push({ sequence: batch.sequence, bytes });
    to.sentBytes += bytes;
    if (to.instance === undefined || link.stored > 0) {
      link.stored++;
      from.storedBytes += bytes;
      to.instance?.announce(to.id, batch.link, batch.sequence);
    } else {
      from.givenBytes += bytes;
      to.instance.deliver(to.id, batch);
    }
    this.#press(from);
    this.#onSend?.(to.id);
  }

  /** Counts what was sent before this process and not applied: it lies in the ledger, where its receiver finds it. */
  async #restore(name: string, link: Link): Promise<void> {
    for await (const { sequence, bytes } of this.#ledger.pending(name, 0)) {
      const size = bytes.length + BATCH_BYTES;
      link.waiting.push({ sequence, bytes: size });
      link.stored++;
      link.to.sentBytes += size;
      link.from.storedBytes += size;
    }
    this.#press(link.from);
  }

  #relieve(name: string, sequence: number): void {
    const link = this.#links.get(name);
    if (link === undefined) return;
    const { from, to, waiting } = link;
    let done = 0;
    for (; done < waiting.length && waiting[done].sequence <= sequence; done++) {
      const { bytes } = waiting[done];
      to.appliedBytes += bytes;
      if (done < link.stored) from.storedBytes -= bytes;
      else from.givenBytes -= bytes;
    }
    if (done === 0) return;
    link.stored = Math.max(0, link.stored - done);
    waiting.splice(0, done);
    this.#press(from);
  }

  /** Blocks a sender of which too much waits, and lets it go on when half of that is done. */
  #press(sender: Assigned): void {
    const share = sender.blocked ? 0.5 : 1;
    const blocked = sender.givenBytes > PRESSURE_BYTES * share || sender.storedBytes > this.#closedBytes * share;
    if (blocked === sender.blocked) return;
    sender.blocked = blocked;
    sender.instance?.block(sender.id, blocked);
    if (!blocked) this.#onSend?.(sender.id);
  }

  #askRewrite(addresses: readonly StateAddress[]): void {
    for (const [id, own] of Map.groupBy(addresses, (address) => this.#ownerOf(address))) {
      if (id !== undefined) this.#get(id).instance?.rewrite(id, own);
    }
  }

  /** The partition that holds an address: of the operator's stage, the one with the address's group. */
  #ownerOf(address: StateAddress): string | undefined {
    for (const plan of this.#plans) {
      for (const operator of plan.operators) {
        if (operator.role === "combine" || !address.table.startsWith(`${plan.workflow.name}/${operator.node.id}/`)) continue;
        const stage = plan.stages[operator.stage];
        return partitionId(plan, stage, address.group % stage.partitions);
      }
    }
    return undefined;
  }

  /** The least position from which a workflow still has to read a collection; of one that has not begun it is 0. */
  async #readFrom(collection: string): Promise<number> {
    let least = Infinity;
    for (const plan of this.#plans) {
      for (const { index, node, stage } of plan.operators) {
        if (node.spec.kind !== "source" || node.spec.collection?.name !== collection) continue;
        const split = `${sourceName(plan, index)}0`;
        const lanes = await Promise.all(partitionsOf(plan, plan.stages[stage]).map(async (id) => decodeProgress(await this.#ledger.root(id))?.lanes ?? []));
        least = Math.min(least, Math.max(0, ...lanes.flat().map((lane) => (lane.split === split ? lane.next : 0))));
      }
    }
    return least;
  }

  #get(id: string): Assigned {
    const partition = this.#partitions.get(id);
    if (partition === undefined) throw new MillraceError("MILLRACE_INVARIANT", `partition ${id}`, "no plan has it");
    return partition;
  }

  #wire(plan: Plan): void {
    for (const stage of plan.stages) {
      for (let index = 0; index < stage.partitions; index++) {
        const id = partitionId(plan, stage, index);
        this.#partitions.set(id, { id, instance: undefined, finished: false, incoming: [], sentBytes: 0, appliedBytes: 0, givenBytes: 0, storedBytes: 0, blocked: false });
      }
    }
    for (const exchange of plan.exchanges) {
      const senders = plan.stages[exchange.from.stage];
      const receivers = plan.stages[exchange.to.stage];
      for (let from = 0; from < senders.partitions; from++) {
        for (let to = 0; to < receivers.partitions; to++) {
          if (exchange.kind === "forward" && from !== to) continue;
          const receiver = this.#get(partitionId(plan, receivers, to));
          const link: Link = { from: this.#get(partitionId(plan, senders, from)), to: receiver, waiting: [], stored: 0 };
          receiver.incoming.push(link);
          this.#links.set(linkId(plan, exchange, from, to), link);
        }
      }
    }
  }
}

/** The collections that a workflow writes or reads. */
function collectionsOf({ nodes }: Workflow): string[] {
  return nodes.flatMap(({ spec }) => {
    const collection = spec.kind === "source" ? spec.collection : spec.kind === "sink" && spec.target.kind === "collection" ? spec.target : undefined;
    return collection === undefined ? [] : [collection.name];
  });
}
