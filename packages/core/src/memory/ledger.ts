import type { Clock } from "../contracts/clock.ts";
import type { Commit, CommitResult, Ledger, LedgerCapabilities, LinkBatch, Root } from "../contracts/ledger.ts";
import type { Retention, Topics } from "../contracts/topics.ts";
import { invariant, MillraceError } from "../errors.ts";
import { systemClock } from "./clock.ts";
import { MemoryTopic } from "./topic.ts";

export interface MemoryLedgerOptions {
  /** Where append times come from, for retention by age. Default: the system clock. */
  readonly clock?: Clock;
}

export interface MemoryLedger extends Ledger, Topics {
  /**
   * A new ledger over the same data, as after a restart of the process. This one is closed: like a
   * killed owner it can no longer do anything.
   */
  reopen(): MemoryLedger;
}

/**
 * The reference driver: everything in this object's memory, nothing survives the process. It checks
 * what the contract promises (dense links, existing epochs) and copies all bytes on the way in and out.
 */
export function createMemoryLedger(options: MemoryLedgerOptions = {}): MemoryLedger {
  return openStore(newStore(options.clock ?? systemClock()));
}

interface Slot {
  root: Root;
  retired: boolean;
}

interface Link {
  last: number;
  applied: number;
  /** Batches applied + 1 to last. */
  waiting: LinkBatch[];
}

interface Store {
  readonly clock: Clock;
  readonly slots: Map<string, Slot>;
  readonly tables: Map<string, Map<number, Uint8Array[]>>;
  readonly links: Map<string, Link>;
  readonly topics: Map<string, MemoryTopic>;
  readonly records: Map<string, Uint8Array>;
}

const EMPTY = new Uint8Array(0);
const NO_ROOT: Root = { epoch: 0, version: 0, progress: EMPTY, wakeAt: Infinity };
const CAPABILITIES: LedgerCapabilities = { joined: true, durability: "none" };

function newStore(clock: Clock): Store {
  return { clock, slots: new Map(), tables: new Map(), links: new Map(), topics: new Map(), records: new Map() };
}

function openStore(store: Store): MemoryLedger {
  let open = true;
  /** Synchronous inside, a promise outside: errors become rejections. */
  const run = async <T>(body: () => T): Promise<T> => {
    if (!open) throw new MillraceError("MILLRACE_STOPPED", "ledger memory", "it was closed; open another one.");
    return body();
  };
  const topicNamed = (name: string): MemoryTopic => entry(store.topics, name, () => new MemoryTopic(name));

  return {
    capabilities: CAPABILITIES,
    fence: (partition) =>
      run(() => {
        const slot = entry(store.slots, partition, () => ({ root: NO_ROOT, retired: false }));
        slot.root = { ...slot.root, epoch: slot.root.epoch + 1 };
        slot.retired = false;
        return copyRoot(slot.root);
      }),
    root: (partition) => run(() => liveRoot(store.slots.get(partition))),
    partitions: () =>
      run(() => {
        const roots = new Map<string, Root>();
        for (const [partition, slot] of store.slots) if (!slot.retired) roots.set(partition, copyRoot(slot.root));
        return roots;
      }),
    retire: (partition) =>
      run(() => {
        const slot = store.slots.get(partition);
        if (slot === undefined) return;
        slot.root = { ...NO_ROOT, epoch: slot.root.epoch };
        slot.retired = true;
      }),
    commit: (commit) => run(() => apply(store, commit)),
    state: (address) => run(() => (store.tables.get(address.table)?.get(address.group) ?? []).map(copy)),
    groups: (table) => run(() => [...(store.tables.get(table) ?? [])].flatMap(([group, blocks]) => (blocks.some(({ length }) => length > 0) ? [group] : [])).sort((a, b) => a - b)),
    async *pending(link, after) {
      let seen = after;
      for (;;) {
        const batch = await run(() => nextPending(store.links.get(link), seen));
        if (batch === undefined) return;
        seen = batch.sequence;
        yield { link, sequence: batch.sequence, bytes: copy(batch.bytes) };
      }
    },
    readRecord: (name) =>
      run(() => {
        const bytes = store.records.get(name);
        return bytes === undefined ? undefined : copy(bytes);
      }),
    writeRecord: (name, bytes) => run(() => void store.records.set(name, copy(bytes))),
    topics: () => run(() => new Map([...store.topics].filter(([, t]) => t.size > 0).map(([name, t]) => [name, t.size]))),
    range: (topic, partition) => run(() => store.topics.get(topic)?.range(partition) ?? { start: 0, end: 0 }),
    read: (topic, partition, offset, maxBytes) =>
      run(() => store.topics.get(topic)?.read(partition, offset, maxBytes) ?? []),
    retain: (topic, retention: Retention) => run(() => topicNamed(topic).retain(retention, store.clock.now())),
    trim: (topic, partition, offset) => run(() => store.topics.get(topic)?.trim(partition, offset)),
    hold: (topic, partition, offset) => topicNamed(topic).hold(partition, offset),
    close: async () => {
      open = false;
    },
    reopen() {
      open = false;
      for (const topic of store.topics.values()) topic.letGo();
      return openStore(store);
    },
  };
}

function apply(store: Store, commit: Commit): CommitResult {
  const slot = store.slots.get(commit.partition);
  const root = slot === undefined || slot.retired ? NO_ROOT : slot.root;
  if (slot === undefined || slot.retired || root.epoch !== commit.epoch || root.version !== commit.version - 1) {
    return { outcome: "refused", root: copyRoot(slot?.root ?? root) };
  }
  checkLinks(store, commit);
  for (const { topic, partition, count, bytes } of commit.appends) {
    const some = Number.isSafeInteger(count) && count > 0 && bytes.length > 0;
    invariant(some, `topic ${topic}/${partition}`, `an append of ${count} atoms in ${bytes.length} bytes.`);
  }

  slot.root = { epoch: root.epoch, version: commit.version, progress: copy(commit.progress), wakeAt: commit.wakeAt };
  for (const { table, group, full, bytes } of commit.state) {
    const groups = entry(store.tables, table, () => new Map<number, Uint8Array[]>());
    if (full) groups.set(group, [copy(bytes)]);
    else entry(groups, group, () => []).push(copy(bytes));
  }
  for (const { link, sequence, bytes } of commit.sends) {
    const state = entry(store.links, link, newLink);
    state.last = sequence;
    state.waiting.push({ link, sequence, bytes: copy(bytes) });
  }
  for (const { link, sequence } of commit.applied) {
    const state = store.links.get(link);
    if (state === undefined || sequence <= state.applied) continue;
    state.waiting.splice(0, sequence - state.applied);
    state.applied = sequence;
  }
  const now = store.clock.now();
  const offsets = commit.appends.map(({ topic, partition, count, bytes }) =>
    entry(store.topics, topic, () => new MemoryTopic(topic)).append(partition, count, copy(bytes), now),
  );
  return { outcome: "applied", offsets, rewrite: [] };
}

function checkLinks(store: Store, commit: Commit): void {
  const next = new Map<string, number>();
  for (const { link, sequence } of commit.sends) {
    const expected = next.get(link) ?? (store.links.get(link)?.last ?? 0) + 1;
    invariant(sequence === expected, `link ${link}`, `batch ${sequence} was sent where ${expected} is next.`);
    next.set(link, expected + 1);
  }
  for (const { link, sequence } of commit.applied) {
    const last = (next.get(link) ?? (store.links.get(link)?.last ?? 0) + 1) - 1;
    invariant(sequence <= last, `link ${link}`, `batch ${sequence} was applied but only ${last} were sent.`);
  }
}

function nextPending(link: Link | undefined, after: number): LinkBatch | undefined {
  if (link === undefined) return undefined;
  return link.waiting[Math.max(0, after - link.applied)];
}

function newLink(): Link {
  return { last: 0, applied: 0, waiting: [] };
}

function liveRoot(slot: Slot | undefined): Root | undefined {
  return slot === undefined || slot.retired ? undefined : copyRoot(slot.root);
}

function copyRoot(root: Root): Root {
  return { ...root, progress: copy(root.progress) };
}

/** Bytes of one's own, also where the given ones lie in shared memory. */
function copy(bytes: Uint8Array): Uint8Array {
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own;
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const created = create();
  map.set(key, created);
  return created;
}
