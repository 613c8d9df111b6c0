import { ByteReader } from "../../codec/bytes.ts";
import { decodeValue } from "../../codec/values.ts";
import type { Key } from "../../contracts/batch.ts";
import type { Ledger, TopicAppend } from "../../contracts/ledger.ts";
import type { Topics } from "../../contracts/topics.ts";
import { MillraceError } from "../../errors.ts";
import { changeLogOf, collectionOf } from "../../graph/refs.ts";
import { CollectionRows, type CollectionChange, type CollectionRow } from "./rows.ts";
import { Subscribers, type Subscriber } from "./subscribers.ts";

/** The partition whose progress says up to which version each collection's snapshot goes. */
export const SNAPSHOTS = "collections";

const READ_BYTES = 1024 * 1024;

interface Held {
  readonly name: string;
  readonly rows: CollectionRows;
  readonly subscribers: Subscribers;
  /** Bytes of the change log since the last snapshot, about. */
  logBytes: number;
  /** While what was committed out of turn is read from the log. */
  catchingUp: Promise<void> | undefined;
}

/**
 * The rows of all collections, as committed. A collection is its change log, and a snapshot of its rows
 * as of a version for what the log has no more; here are the rows as of the log's end.
 */
export class CollectionStore {
  readonly #ledger: Ledger & Topics;
  readonly #held = new Map<string, Held>();
  readonly #grown: ((name: string) => void) | undefined;

  /** Calls `grown` when a collection's change log has grown. */
  constructor(ledger: Ledger & Topics, grown?: (name: string) => void) {
    this.#ledger = ledger;
    this.#grown = grown;
  }

  /** Loads a collection: its snapshot, then its log. */
  async load(name: string): Promise<void> {
    if (this.#held.has(name)) return;
    const rows = new CollectionRows((await snapshotVersions(this.#ledger)).get(name) ?? 0);
    const table = changeLogOf(name);
    for (const group of await this.#ledger.groups(table)) {
      for (const block of await this.#ledger.state({ table, group })) rows.load(block);
    }
    const held: Held = { name, rows, subscribers: new Subscribers(), logBytes: 0, catchingUp: undefined };
    await this.#readOn(held);
    this.#held.set(name, held);
  }

  /** Takes in a commit's changes, and tells subscribers once; `offset` is undefined where the ledger did not say it. */
  applied({ topic, count, bytes }: TopicAppend, offset: number | undefined): void {
    const name = collectionOf(topic);
    const held = name === undefined ? undefined : this.#held.get(name);
    if (held === undefined) return;
    if (offset === held.rows.version && held.catchingUp === undefined) this.#apply(held, bytes, 0);
    else if (offset === undefined || offset + count > held.rows.version) {
      // What cannot be read now is read with the next change.
      this.#catchUp(held).catch(() => undefined);
    }
  }

  /** Resolves once all that is in the ledger now has been taken in; gives the version. */
  async reached(name: string): Promise<number> {
    const held = this.#get(name);
    await this.#catchUp(held);
    return held.rows.version;
  }

  has(name: string): boolean {
    return this.#held.has(name);
  }

  names(): readonly string[] {
    return [...this.#held.keys()];
  }

  get(name: string, key: Key): unknown {
    return this.#held.get(name)?.rows.get(key);
  }

  /** All rows, by ascending key. */
  rows(name: string): CollectionRow[] {
    return this.#held.get(name)?.rows.all() ?? [];
  }

  /** How many rows a collection has. */
  size(name: string): number {
    return this.#held.get(name)?.rows.size ?? 0;
  }

  /** How many changes were made to a collection. */
  version(name: string): number {
    return this.#held.get(name)?.rows.version ?? 0;
  }

  /** The rows themselves, for whoever writes snapshots of them, and how much log there is since the last. */
  snapshotOf(name: string): { readonly rows: CollectionRows; readonly logBytes: number } {
    const { rows, logBytes } = this.#get(name);
    return { rows, logBytes };
  }

  /** A snapshot was written when the log had so many bytes. */
  snapshotted(name: string, logBytes: number): void {
    const held = this.#get(name);
    held.logBytes = Math.max(0, held.logBytes - logBytes);
  }

  /**
   * Calls back with the changes of each commit from now on; with `after`, first with those since that
   * version, or with all rows where the log goes back less far. The result ends it.
   */
  subscribe(name: string, subscriber: Subscriber, after?: number): () => void {
    const held = this.#get(name);
    const { rows, subscribers } = held;
    const now = rows.version;
    if (after === undefined || after === now) return subscribers.add(subscriber);
    const snapshot = () => ({ changes: rows.all(), version: rows.version });
    return subscribers.addAfter(subscriber, (tell) => this.#tellSince(name, after, now, tell), snapshot);
  }

  /** Tells of the changes with the versions from `after` + 1 to `until`. Throws where the log does not have them. */
  async #tellSince(name: string, after: number, until: number, tell: Subscriber): Promise<void> {
    const topic = changeLogOf(name);
    const { start } = await this.#ledger.range(topic, 0);
    if (!(after >= start && after <= until)) throw new MillraceError("MILLRACE_POSITION_LOST", `collection ${name}`, `version ${after} is not in its change log`);
    for (let version = after; version < until; ) {
      for (const chunk of await this.#ledger.read(topic, 0, version, READ_BYTES)) {
        if (version >= until) break;
        const since = new CollectionRows(version);
        const changes: CollectionChange[] = [];
        since.apply(chunk.bytes, version - chunk.offset, changes);
        version = since.version;
        tell(changes, { version, snapshot: false });
      }
    }
  }

  /** One reading after the other: what came while the last one read may lie behind it. */
  async #catchUp(held: Held): Promise<void> {
    const before = held.catchingUp;
    const reading = (async () => {
      await before?.catch(() => undefined);
      await this.#readOn(held);
    })();
    held.catchingUp = reading;
    try {
      await reading;
    } finally {
      if (held.catchingUp === reading) held.catchingUp = undefined;
    }
  }

  async #readOn(held: Held): Promise<void> {
    const topic = changeLogOf(held.name);
    for (;;) {
      const { version } = held.rows;
      const chunks = await this.#ledger.read(topic, 0, version, READ_BYTES);
      if (chunks.length === 0) return;
      for (const { offset, bytes } of chunks) this.#apply(held, bytes, held.rows.version - offset);
    }
  }

  #apply(held: Held, bytes: Uint8Array, skip: number): void {
    const told: CollectionChange[] | undefined = held.subscribers.size > 0 ? [] : undefined;
    held.rows.apply(bytes, skip, told);
    held.logBytes += bytes.length;
    if (told !== undefined) held.subscribers.tell(told, held.rows.version);
    this.#grown?.(held.name);
  }

  #get(name: string): Held {
    const held = this.#held.get(name);
    if (held === undefined) throw new MillraceError("MILLRACE_NOT_FOUND", `collection ${name}`, `was not loaded; there are: ${this.names().join(", ") || "none"}`);
    return held;
  }
}

/** By collection: the version that its snapshot goes up to. */
export async function snapshotVersions(ledger: Pick<Ledger, "root">): Promise<Map<string, number>> {
  const progress = (await ledger.root(SNAPSHOTS))?.progress;
  return progress === undefined || progress.length === 0 ? new Map<string, number>() : (decodeValue(new ByteReader(progress)) as Map<string, number>);
}
