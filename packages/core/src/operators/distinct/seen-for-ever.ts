import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { BytesSet } from "../../codec/bytes-set.ts";
import { ColumnKeys } from "../../codec/column-keys.ts";
import { decodeNumberKey, NUMBER_KEY_BYTES, numberKeyHash, TAG_NUMBER } from "../../codec/key.ts";
import { keyHash } from "../../codec/murmur2.ts";
import { NumberSet } from "../../codec/number-set.ts";
import type { Batch, KeySource } from "../../contracts/batch.ts";
import { rowAt } from "../batches.ts";
import type { StateTable } from "../state/table.ts";

/**
 * The keys that were seen, where none is ever forgotten: sets of their own by key group, so that a key
 * takes little and a group is written anew by reading one set. Blocks are those of `SeenKeys`, or hold
 * numbers side by side: NaN where the time of a key would be, how many, and the numbers.
 */
export class SeenForEver implements StateTable {
  readonly name = "seen";
  readonly format = "seen-1";
  readonly #keyGroups: number;
  /** By key group, made when the first key comes. */
  readonly #groups: (SeenGroup | undefined)[] = [];
  readonly #changed: number[] = [];
  readonly #scratch = new ByteWriter();

  constructor(keyGroups: number) {
    this.#keyGroups = keyGroups;
  }

  /** Notes the keys of a batch's rows; writes the rows whose key is new into `fresh`, and returns how many they are. */
  addNew(batch: Batch, fresh: Int32Array): number {
    if (batch.keys === undefined) return 0;
    const { table, slots } = batch.keys;
    const numbers = table instanceof ColumnKeys ? table.numbers : undefined;
    let count = 0;
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      if (numbers === undefined ? this.add(table, slots[row]) : this.#addNumber(numbers[row])) fresh[count++] = row;
    }
    return count;
  }

  /** Notes a key; false where it was seen. */
  add(keys: KeySource, slot: number): boolean {
    const { bytes } = keys;
    const start = keys.start(slot);
    const end = keys.end(slot);
    if (isNumber(bytes, start, end)) return this.#addNumber(decodeNumberKey(bytes, start));
    const hash = keys.hash(slot);
    const number = hash % this.#keyGroups;
    const group = this.#group(number);
    if (!group.texts.add(bytes, start, end, hash)) return false;
    this.#mark(number, group);
    return true;
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    for (const number of this.#changed) {
      const group = this.#group(number);
      emit(number, this.#block(group.added, group.texts.read(group.written)));
      group.added = [];
      group.written = group.texts.length;
      group.changed = false;
    }
    this.#changed.length = 0;
  }

  full(group: number): Uint8Array | undefined {
    const seen = this.#groups[group];
    return seen === undefined ? undefined : this.#block(seen.numbers.values(), seen.texts.read(0));
  }

  load(group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const seen = this.#group(group);
    while (reader.remaining > 0) {
      const until = reader.f64();
      const length = reader.varint();
      if (until !== until) {
        seen.numbers.addAll(reader.f64Array(length));
        continue;
      }
      const at = reader.position;
      reader.skip(length);
      if (isNumber(bytes, at, at + length)) seen.numbers.add(decodeNumberKey(bytes, at));
      else seen.texts.add(bytes, at, at + length, keyHash(bytes, at, at + length));
    }
    if (!seen.changed) seen.written = seen.texts.length;
  }

  get size(): number {
    let size = 0;
    for (const group of this.#groups) if (group !== undefined) size += group.numbers.size + group.texts.size;
    return size;
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const group of this.#groups) if (group !== undefined) bytes += group.numbers.memoryBytes + group.texts.memoryBytes;
    return bytes;
  }

  #addNumber(number: number): boolean {
    const at = numberKeyHash(number) % this.#keyGroups;
    const group = this.#group(at);
    if (!group.numbers.add(number)) return false;
    group.added.push(number);
    this.#mark(at, group);
    return true;
  }

  #mark(number: number, group: SeenGroup): void {
    if (group.changed) return;
    group.changed = true;
    this.#changed.push(number);
  }

  /** Numbers, and each text that a reader has: length and bytes. */
  #block(numbers: ArrayLike<number>, texts: ByteReader): Uint8Array {
    const writer = this.#scratch;
    if (numbers.length > 0) {
      writer.f64(Number.NaN);
      writer.varint(numbers.length);
      for (let i = 0; i < numbers.length; i++) writer.f64(numbers[i]);
    }
    while (texts.remaining > 0) {
      const length = texts.varint();
      writer.f64(Infinity);
      writer.varint(length);
      writer.append(texts.bytes(length));
    }
    return writer.take();
  }

  #group(number: number): SeenGroup {
    return (this.#groups[number] ??= { numbers: new NumberSet(), texts: new BytesSet(), added: [], written: 0, changed: false });
  }
}

interface SeenGroup {
  readonly numbers: NumberSet;
  readonly texts: BytesSet;
  /** Numbers that came since the last commit. */
  added: number[];
  /** How much of the texts' log was committed. */
  written: number;
  changed: boolean;
}

function isNumber(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === NUMBER_KEY_BYTES && bytes[start] === TAG_NUMBER;
}
