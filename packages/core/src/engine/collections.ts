import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeKey, encodeKey, identityOf } from "../codec/key.ts";
import { decodeValue } from "../codec/values.ts";
import type { Key } from "../contracts/batch.ts";
import type { Ledger } from "../contracts/ledger.ts";
import { encodeRowChange } from "../operators/sinks/stored.ts";
import { compareKeys } from "../operators/keys.ts";
import { COLLECTION_TABLE } from "./outbox.ts";

export interface CollectionRow {
  readonly key: Key;
  readonly row: unknown;
}

/** A change that a subscriber sees: a row's new value, or that it is gone. */
export type CollectionChange = CollectionRow | { readonly key: Key; readonly row: undefined };

interface Held {
  readonly bytes: Uint8Array;
  readonly key: Key;
  readonly row: unknown;
}

/** The rows of all collections, as committed. */
export class CollectionStore {
  readonly #groups = new Map<string, Map<number, Map<string, Held>>>();
  readonly #subscribers = new Map<string, Set<(changes: readonly CollectionChange[]) => void>>();

  async load(ledger: Ledger, collection: string): Promise<void> {
    const table = COLLECTION_TABLE + collection;
    for (const group of await ledger.groups(table)) {
      for (const block of await ledger.state({ table, group })) this.apply(table, group, block);
    }
  }

  /** Whether a table of the ledger is a collection's. */
  owns(table: string): boolean {
    return table.startsWith(COLLECTION_TABLE);
  }

  apply(table: string, group: number, bytes: Uint8Array): void {
    const name = table.slice(COLLECTION_TABLE.length);
    let groups = this.#groups.get(name);
    if (groups === undefined) this.#groups.set(name, (groups = new Map<number, Map<string, Held>>()));
    let rows = groups.get(group);
    if (rows === undefined) groups.set(group, (rows = new Map<string, Held>()));
    const changes: CollectionChange[] = [];
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const keyBytes = reader.bytes(reader.varint()).slice();
      const key = decodeKey(keyBytes, 0, keyBytes.length);
      const identity = identityOf(keyBytes);
      if (reader.u8() === 0) {
        rows.delete(identity);
        changes.push({ key, row: undefined });
      } else {
        const row = decodeValue(reader);
        rows.set(identity, { bytes: keyBytes, key, row });
        changes.push({ key, row });
      }
    }
    for (const subscriber of this.#subscribers.get(name) ?? []) subscriber(changes);
  }

  get(collection: string, key: Key): unknown {
    const writer = new ByteWriter(64);
    encodeKey(key, writer);
    const name = identityOf(writer.bytes());
    for (const rows of this.#groups.get(collection)?.values() ?? []) {
      const held = rows.get(name);
      if (held !== undefined) return held.row;
    }
    return undefined;
  }

  /** All rows, by ascending key. */
  rows(collection: string): CollectionRow[] {
    const rows: CollectionRow[] = [];
    for (const group of this.#groups.get(collection)?.values() ?? []) rows.push(...group.values());
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
    for (const { bytes, row } of rows?.values() ?? []) encodeRowChange(writer, bytes, { row });
    return writer.take();
  }
}
