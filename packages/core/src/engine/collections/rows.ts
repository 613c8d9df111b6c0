import { ByteWriter } from "../../codec/bytes.ts";
import { decodeKey, encodeKey, identityOf } from "../../codec/key.ts";
import { DEFAULT_KEY_GROUPS, keyGroup, keyHash } from "../../codec/murmur2.ts";
import type { Key } from "../../contracts/batch.ts";
import { compareKeys } from "../../operators/keys.ts";
import { decodeChanges, decodeSnapshot, encodeSnapshotRow, isDelete } from "../../operators/sinks/row-changes.ts";

export interface CollectionRow {
  readonly key: Key;
  readonly row: unknown;
}

/** A change that a subscriber sees: a row's new value, or that it is gone. */
export type CollectionChange = CollectionRow | { readonly key: Key; readonly row: undefined };

/** The rows of one collection as of a version: how many changes of it were ever made. */
export class CollectionRows {
  /** By key group and the key's bytes as text. */
  readonly #groups = new Map<number, Map<string, unknown>>();
  #version: number;

  constructor(version = 0) {
    this.#version = version;
  }

  get version(): number {
    return this.#version;
  }

  get(key: Key): unknown {
    const writer = new ByteWriter(64);
    encodeKey(key, writer);
    const bytes = writer.bytes();
    return this.#groups.get(groupOf(bytes))?.get(identityOf(bytes));
  }

  /** All rows, by ascending key. */
  all(): CollectionRow[] {
    const rows: CollectionRow[] = [];
    for (const group of this.#groups.values()) for (const [identity, row] of group) rows.push({ key: keyOf(identity), row });
    return rows.sort((a, b) => compareKeys(a.key, b.key));
  }

  /** How many rows there are. */
  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.size;
    return size;
  }

  /** Key groups that hold rows. */
  groups(): readonly number[] {
    return [...this.#groups.keys()];
  }

  /** Takes in a chunk of the change log, but its first `skip` changes; tells what changed. */
  apply(bytes: Uint8Array, skip = 0, told?: CollectionChange[]): void {
    let at = 0;
    for (const change of decodeChanges(bytes)) {
      if (at++ < skip) continue;
      const row = isDelete(change) ? undefined : change.row;
      this.#set(change.key, row);
      this.#version++;
      told?.push({ key: decodeKey(change.key, 0, change.key.length), row });
    }
  }

  /** Takes in a block of a snapshot. */
  load(block: Uint8Array): void {
    for (const { key, row } of decodeSnapshot(block)) this.#set(key, row);
  }

  /** The rows of a key group as a block of a snapshot. */
  block(group: number): Uint8Array {
    const writer = new ByteWriter();
    for (const [identity, row] of this.#groups.get(group) ?? []) encodeSnapshotRow(writer, bytesOf(identity), row);
    return writer.take();
  }

  #set(key: Uint8Array, row: unknown): void {
    const number = groupOf(key);
    let group = this.#groups.get(number);
    if (group === undefined) this.#groups.set(number, (group = new Map<string, unknown>()));
    if (row !== undefined) group.set(identityOf(key), row);
    else if (group.delete(identityOf(key)) && group.size === 0) this.#groups.delete(number);
  }
}

function groupOf(key: Uint8Array): number {
  return keyGroup(keyHash(key, 0, key.length), DEFAULT_KEY_GROUPS);
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
