import { ByteWriter, type ByteReader } from "../../codec/bytes.ts";
import type { KeySpace } from "../state/key-space.ts";

/** A place in the log of a step: whose key it is, and where its bytes lie. */
export interface LogMark {
  readonly slot: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What was added to keyed state in a step, encoded when it is added, so that a value that cannot be
 * kept is refused then, and what is gone again before the commit is never written.
 */
export class KeyedLog<R> {
  readonly #keys: KeySpace;
  readonly #bytes = new ByteWriter();
  #marks: (LogMark & { readonly row: R })[] = [];

  constructor(keys: KeySpace) {
    this.#keys = keys;
  }

  /** Notes a row that `encode` writes. Throws what `encode` throws, and notes nothing then. */
  add(slot: number, row: R, encode: (writer: ByteWriter) => void): void {
    const start = this.#bytes.length;
    try {
      encode(this.#bytes);
    } catch (error) {
      this.#bytes.reset(start);
      throw error;
    }
    this.#marks.push({ slot, row, start, end: this.#bytes.length });
  }

  /** Gives the rows that `head` returns true for, by key group: their key, what `head` wrote, and their bytes. Empty afterwards. */
  take(head: (row: R, writer: ByteWriter) => boolean, emit: (group: number, bytes: Uint8Array) => void): void {
    if (this.#marks.length === 0) return;
    const writers = new Map<number, ByteWriter>();
    const bytes = this.#bytes.bytes();
    const scratch = new ByteWriter(32);
    for (const { slot, row, start, end } of this.#marks) {
      scratch.reset();
      if (!head(row, scratch)) continue;
      const group = this.#keys.group(slot);
      let writer = writers.get(group);
      if (writer === undefined) writers.set(group, (writer = new ByteWriter()));
      writeKey(this.#keys, slot, writer);
      writer.append(scratch.bytes());
      writer.append(bytes, start, end);
    }
    this.#marks = [];
    this.#bytes.reset();
    for (const [group, writer] of writers) emit(group, writer.take());
  }

  /** Forgets what was noted. */
  clear(): void {
    this.#marks = [];
    this.#bytes.reset();
  }
}

/** Slots of a table by key group, so that a group can be written without looking at the others. */
export class GroupedSlots {
  readonly #keys: KeySpace;
  readonly #groups = new Map<number, Set<number>>();

  constructor(keys: KeySpace) {
    this.#keys = keys;
  }

  /** Notes that a slot holds something: its key stays. */
  add(slot: number): void {
    const group = this.#keys.group(slot);
    const slots = this.#groups.get(group);
    if (slots === undefined) this.#groups.set(group, new Set([slot]));
    else slots.add(slot);
    this.#keys.retain(slot);
  }

  delete(slot: number): void {
    this.#groups.get(this.#keys.group(slot))?.delete(slot);
    this.#keys.release(slot);
  }

  of(group: number): Iterable<number> {
    return this.#groups.get(group) ?? [];
  }
}

export function writeKey(keys: KeySpace, slot: number, writer: ByteWriter): void {
  const { table } = keys;
  const start = table.start(slot);
  const end = table.end(slot);
  writer.varint(end - start);
  writer.append(table.bytes, start, end);
}

/** The slot of a key that `writeKey` wrote. */
export function readKey(keys: KeySpace, reader: ByteReader): number {
  const bytes = reader.bytes(reader.varint());
  return keys.table.internBytes(bytes, 0, bytes.length);
}
