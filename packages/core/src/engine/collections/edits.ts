import { ByteWriter } from "../../codec/bytes.ts";
import { epochMilliseconds } from "../../codec/formats/iso-time.ts";
import { issuesText } from "../../codec/formats/json-lines.ts";
import { encodeKey, identityOf } from "../../codec/key.ts";
import { AFTER, DELETE, type Key } from "../../contracts/batch.ts";
import type { Ledger, TopicAppend } from "../../contracts/ledger.ts";
import { MillraceError } from "../../errors.ts";
import { changeLogOf, type Collection } from "../../graph/refs.ts";
import { isTime } from "../../time/event-time.ts";
import { encodeChange } from "../../operators/sinks/row-changes.ts";
import type { CollectionStore } from "./store.ts";

/** A row that replaces the one of its key, or a key whose row goes. */
export type Edit<T> = { readonly put: T } | { readonly delete: Key };

export interface EditOptions {
  /**
   * Event time from which on the edit holds, for workflows that read the collection as of event time:
   * epoch milliseconds, a Date or ISO 8601 text. Default: from when they read it.
   */
  readonly time?: number | Date | string;
  /**
   * Called for each edit with the row as it is before it, undefined where there is none; what it throws
   * refuses all edits of the call. A workflow's commit that is under way may still come between.
   */
  readonly check?: (before: unknown) => void;
}

interface Waiting {
  readonly collection: Collection<unknown>;
  readonly edits: readonly Edit<unknown>[];
  readonly time: number;
  readonly check: EditOptions["check"];
  readonly resolve: (version: number) => void;
  readonly reject: (reason: unknown) => void;
}

interface Lease {
  readonly epoch: number;
  version: number;
}

const EDITOR = "edits";
const NOTHING = new Uint8Array(0);
/** Edits that wait share a commit, at most so many calls. */
const CALLS_A_COMMIT = 1024;

/** Edits collections from outside any workflow; what waits while a commit is under way shares the next. */
export class Editor {
  /** Passes the coordinator, so that the store has what was committed. */
  readonly #ledger: Ledger;
  readonly #store: CollectionStore;
  #lease: Lease | undefined;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(ledger: Ledger, store: CollectionStore) {
    this.#ledger = ledger;
    this.#store = store;
  }

  /**
   * Makes all edits in one commit, in their order; resolves to the collection's version once they are
   * durable. Throws MILLRACE_SCHEMA, changing nothing, where a row does not match or cannot be stored.
   */
  async edit<T>(collection: Collection<T>, edits: readonly Edit<T>[], options: EditOptions = {}): Promise<number> {
    const of = collection as Collection<unknown>;
    const checked = edits.map((edit, i) => ("put" in edit ? { put: validated(of, edit.put, i) } : edit));
    const time = options.time === undefined ? Number.NaN : epochMilliseconds(options.time);
    if (options.time !== undefined && !isTime(time)) {
      throw new MillraceError("MILLRACE_USAGE", `collection ${of.name}`, `${String(options.time)} is no event time of an edit; give epoch milliseconds, a Date or ISO 8601 text`);
    }
    return new Promise<number>((resolve, reject) => {
      this.#waiting.push({ collection: of, edits: checked, time, check: options.check, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, CALLS_A_COMMIT);
      try {
        await this.#commit(taken);
      } catch (error) {
        this.#lease = undefined;
        for (const { reject } of taken) reject(error);
      }
    }
    this.#running = false;
  }

  async #commit(calls: readonly Waiting[]): Promise<void> {
    this.#lease ??= await this.#begin(calls);
    const appends: TopicAppend[] = [];
    const made: { readonly call: Waiting; readonly append: number }[] = [];
    const rows = new Map<string, unknown>();
    for (const call of calls) {
      try {
        const append = this.#encode(call, rows);
        made.push({ call, append: append === undefined ? -1 : appends.push(append) - 1 });
      } catch (error) {
        call.reject(error);
      }
    }
    const offsets = appends.length === 0 ? [] : await this.#append(this.#lease, appends);
    for (const { call, append } of made) {
      const { name } = call.collection;
      if (append < 0) call.resolve(this.#store.version(name));
      // The ledger may not have said where, after a commit whose outcome had to be looked up.
      else if (append >= offsets.length) await this.#store.reached(name).then(call.resolve, call.reject);
      else {
        const version = offsets[append] + appends[append].count;
        if (this.#store.version(name) >= version) call.resolve(version);
        // The next edits find their rows as these leave them.
        else await this.#store.reached(name).then(() => call.resolve(version), call.reject);
      }
    }
  }

  /** Takes the lease. Edits of which it was not known whether they had been made are in the rows then. */
  async #begin(calls: readonly Waiting[]): Promise<Lease> {
    const { epoch, version } = await this.#ledger.fence(EDITOR);
    for (const name of new Set(calls.map(({ collection }) => collection.name))) if (this.#store.has(name)) await this.#store.reached(name);
    return { epoch, version };
  }

  async #append(lease: Lease, appends: readonly TopicAppend[]): Promise<readonly number[]> {
    const { epoch } = lease;
    const version = ++lease.version;
    const result = await this.#ledger.commit({ partition: EDITOR, epoch, version, progress: NOTHING, wakeAt: Infinity, state: [], sends: [], applied: [], appends });
    if (result.outcome === "applied") return result.offsets;
    throw new MillraceError("MILLRACE_FENCED", "collections", "another process edits the collections of this store now; open it once");
  }

  /** The changes of one call; `edited` holds rows as edits of the same commit leave them. Undefined: nothing to change. */
  #encode({ collection, edits, time, check }: Waiting, edited: Map<string, unknown>): TopicAppend | undefined {
    const writer = new ByteWriter();
    const after = new Map<string, unknown>();
    let count = 0;
    for (const edit of edits) {
      const key = "put" in edit ? collection.key(edit.put) : edit.delete;
      const bytes = keyBytesOf(key);
      const identity = `${collection.name}/${identityOf(bytes)}`;
      const before = after.has(identity) ? after.get(identity) : edited.has(identity) ? edited.get(identity) : this.#store.get(collection.name, key);
      check?.(before);
      const row = "put" in edit ? edit.put : undefined;
      after.set(identity, row);
      if (row === undefined && before === undefined) continue;
      encodeChange(writer, { key: bytes, kind: row === undefined ? DELETE : AFTER, time, stamp: Number.NaN, row: row ?? before });
      count++;
    }
    for (const [identity, row] of after) edited.set(identity, row);
    return count === 0 ? undefined : { topic: changeLogOf(collection.name), partition: 0, count, bytes: writer.take() };
  }
}

function keyBytesOf(key: Key): Uint8Array {
  const writer = new ByteWriter(32);
  encodeKey(key, writer);
  return writer.take();
}

function validated({ name, schema }: Collection<unknown>, row: unknown, at: number): unknown {
  if (row === undefined || row === null) throw new MillraceError("MILLRACE_SCHEMA", `collection ${name}, row ${at}`, `${String(row)} is no row; delete(key) takes one away`);
  if (schema === undefined) return row;
  const result = schema["~standard"].validate(row);
  if (result instanceof Promise) throw new MillraceError("MILLRACE_SCHEMA", `collection ${name}`, "its schema validates asynchronously; use one that answers at once");
  if (result.issues === undefined) return result.value;
  throw new MillraceError("MILLRACE_SCHEMA", `collection ${name}, row ${at}`, issuesText(result.issues));
}
