import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { Seen } from "./seen-keys.ts";

/**
 * The keys that were seen, where none is ever forgotten. Each group's keys also lie one after the
 * other in the order they came, so that writing a group anew reads memory forwards: found key by key
 * in the table it would wait for memory several times each. Blocks are those of `SeenKeys`.
 */
export class SeenForEver implements Seen {
  readonly name = "seen";
  readonly format = "seen-1";
  readonly #keys: KeySpace;
  /** By slot: whether the key was seen. */
  #seen = new Uint8Array(1024);
  /** By group: length and bytes of each key. */
  readonly #logs = new Map<number, ByteWriter>();
  #added: number[] = [];
  #size = 0;
  readonly #scratch = new ByteWriter();

  constructor(keys: KeySpace) {
    this.#keys = keys;
  }

  add(slot: number): boolean {
    if (this.#seen[slot] === 1) return false;
    this.#note(slot);
    this.#added.push(slot);
    return true;
  }

  forget(): void {
    // Nothing: keys are kept for ever.
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    if (this.#added.length === 0) return;
    const starts = new Map<number, number>();
    for (const slot of this.#added) {
      const group = this.#keys.group(slot);
      const log = this.#log(group);
      if (!starts.has(group)) starts.set(group, log.length);
      this.#append(slot, log);
    }
    this.#added = [];
    for (const [group, start] of starts) emit(group, this.#block(this.#log(group), start));
  }

  full(group: number): Uint8Array | undefined {
    const log = this.#logs.get(group);
    return log === undefined ? undefined : this.#block(log, 0);
  }

  load(group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      reader.f64();
      const key = reader.bytes(reader.varint());
      const slot = this.#keys.table.internBytes(key, 0, key.length);
      if (this.#seen[slot] === 1) continue;
      this.#note(slot);
      this.#append(slot, this.#log(group));
    }
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    let bytes = this.#seen.byteLength;
    for (const log of this.#logs.values()) bytes += log.length;
    return bytes;
  }

  #note(slot: number): void {
    if (slot >= this.#seen.length) {
      const longer = new Uint8Array(Math.max(slot + 1, this.#seen.length * 2));
      longer.set(this.#seen);
      this.#seen = longer;
    }
    this.#seen[slot] = 1;
    this.#size++;
    this.#keys.retain(slot);
  }

  #append(slot: number, log: ByteWriter): void {
    const { table } = this.#keys;
    const start = table.start(slot);
    const end = table.end(slot);
    log.varint(end - start);
    log.append(table.bytes, start, end);
  }

  /** The keys of a log from an offset on, each with the time until which it is remembered. */
  #block(log: ByteWriter, start: number): Uint8Array {
    const writer = this.#scratch;
    const bytes = log.bytes();
    const reader = new ByteReader(bytes, start);
    while (reader.remaining > 0) {
      const length = reader.varint();
      writer.f64(Infinity);
      writer.varint(length);
      writer.append(bytes, reader.position, reader.position + length);
      reader.skip(length);
    }
    return writer.take();
  }

  #log(group: number): ByteWriter {
    let log = this.#logs.get(group);
    if (log === undefined) this.#logs.set(group, (log = new ByteWriter(64)));
    return log;
  }
}
