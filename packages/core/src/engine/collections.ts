import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeKey, encodeKey, identityOf } from "../codec/key.ts";
import { decodeValue } from "../codec/values.ts";
import type { Key } from "../contracts/batch.ts";
import type { Ledger, StateBlock } from "../contracts/ledger.ts";
import { encodeRowChange } from "../operators/sinks/stored.ts";
import { compareKeys } from "../operators/keys.ts";
import { COLLECTION_TABLE } from "./outbox.ts";

export interface CollectionRow {
  readonly key: Key;
  readonly row: unknown;
}

/** A change that a subscriber sees: a row's new value, or that it is gone. */
export type CollectionChange = CollectionRow | { readonly key: Key; readonly row: undefined };

/** The rows of all collections, as committed. */
export class CollectionStore {
  /** By collection, key group and the key's bytes as text. */
  readonly #groups = new Map<string, Map<number, Map<string, unknown>>>();
  readonly #subscribers = new Map<string, Set<(changes: readonly CollectionChange[]) => void>>();

  async load(ledger: Ledger, collection: string): Promise<void> {
    const table = COLLECTION_TABLE + collection;
    for (const group of await ledger.groups(table)) {
      for (const block of await ledger.state({ table, group })) this.#apply(collection, group, block, undefined);
    }
  }

  /** Whether a table of the ledger is a collection's. */
  owns(table: string): boolean {
    return table.startsWith(COLLECTION_TABLE);
  }

  /** Applies what a commit changed, and tells subscribers once. */
  applyAll(blocks: readonly StateBlock[]): void {
    const told = new Map<string, CollectionChange[]>();
    for (const { table, group, bytes } of blocks) {
      if (!this.owns(table)) continue;
      const name = table.slice(COLLECTION_TABLE.length);
      let changes: CollectionChange[] | undefined;
      if ((this.#subscribers.get(name)?.size ?? 0) > 0) {
        changes = told.get(name);
        if (changes === undefined) told.set(name, (changes = []));
      }
      this.#apply(name, group, bytes, changes);
    }
    for (const [name, changes] of told) for (const subscriber of this.#subscribers.get(name) ?? []) subscriber(changes);
  }

  #apply(name: string, group: number, bytes: Uint8Array, changes: CollectionChange[] | undefined): void {
    let groups = this.#groups.get(name);
    if (groups === undefined) this.#groups.set(name, (groups = new Map<number, Map<string, unknown>>()));
    let rows = groups.get(group);
    if (rows === undefined) groups.set(group, (rows = new Map<string, unknown>()));
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const identity = identityOf(reader.bytes(reader.varint()));
      const row = reader.u8() === 0 ? undefined : decodeValue(reader);
      if (row === undefined) rows.delete(identity);
      else rows.set(identity, row);
      changes?.push({ key: keyOf(identity), row });
    }
  }

  get(collection: string, key: Key): unknown {
    const writer = new ByteWriter(64);
    encodeKey(key, writer);
    const identity = identityOf(writer.bytes());
    for (const rows of this.#groups.get(collection)?.values() ?? []) {
      const row = rows.get(identity);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** All rows, by ascending key. */
  rows(collection: string): CollectionRow[] {
    const rows: CollectionRow[] = [];
    for (const group of this.#groups.get(collection)?.values() ?? []) {
      for (const [identity, row] of group) rows.push({ key: keyOf(identity), row });
    }
    return rows.sort((a, b) => compareKeys(a.key, b.key));
  }

  names(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** Calls back with the changes of each commit; the result ends it. */
  subscribe(collection: string, subscriber: (changes: readonly CollectionChange[]) => void): () => void {
    let subscribers = this.#subscribers.get(collection);
    if (subscribers === undefined) this.#subscribers.set(collection, (subscribers = new Set()));
    subscribers.add(subscriber);
    return () => subscribers.delete(subscriber);
  }

  /** All rows of a key group, encoded as one block. */
  full(table: string, group: number): Uint8Array {
    const writer = new ByteWriter();
    const rows = this.#groups.get(table.slice(COLLECTION_TABLE.length))?.get(group);
    for (const [identity, row] of rows ?? []) encodeRowChange(writer, bytesOf(identity), { row });
    return writer.take();
  }
}

function keyOf(identity: string): Key {
  const bytes = bytesOf(identity);
  return decodeKey(bytes, 0, bytes.length);
}

/** The key's bytes again. */
function bytesOf(identity: string): Uint8Array {
  const bytes = new Uint8Array(identity.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = identity.charCodeAt(i);
  return bytes;
}
