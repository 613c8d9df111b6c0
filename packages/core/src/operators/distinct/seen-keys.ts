import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";

/** The keys that were seen, each with the event time until which it is remembered. */
export class SeenKeys implements StateTable {
  readonly name = "seen";
  readonly format = "seen-1";
  readonly #keys: KeySpace;
  /** Width of the buckets in which keys are forgotten together, ms. */
  readonly #bucket: number;
  /** By slot: the event time until which the key is remembered; NaN: unseen. */
  #until = new Float64Array(1024).fill(Number.NaN);
  /** By slot: the keys of a group as a doubly linked list; -1 ends it. */
  #next = new Int32Array(1024);
  #previous = new Int32Array(1024);
  readonly #firstOfGroup = new Map<number, number>();
  readonly #buckets = new Map<number, number[]>();
  #added: number[] = [];
  #size = 0;

  /** `within` is finite. */
  constructor(keys: KeySpace, within: number) {
    this.#keys = keys;
    this.#bucket = Math.max(1, within / 16);
  }

  /** Notes a key until a time; false where at `now` it is remembered already. */
  add(slot: number, until: number, now: number): boolean {
    if (slot < this.#until.length && this.#until[slot] > now) return false;
    this.#note(slot, until);
    this.#added.push(slot);
    return true;
  }

  /** Forgets the keys whose time is over; `add` judges for itself, so that when this happens changes no answer. */
  forget(watermark: number): void {
    for (const [bucket, slots] of [...this.#buckets]) {
      if ((bucket + 1) * this.#bucket > watermark) continue;
      for (const slot of slots) {
        // A key may have been noted again since, for longer.
        if (Math.floor(this.#until[slot] / this.#bucket) === bucket) this.#drop(slot);
      }
      this.#buckets.delete(bucket);
    }
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    if (this.#added.length === 0) return;
    const byGroup = new Map<number, ByteWriter>();
    for (const slot of this.#added) {
      // What was forgotten in the step that saw it needs no record.
      if (!isNumber(this.#until[slot])) continue;
      const group = this.#keys.group(slot);
      let writer = byGroup.get(group);
      if (writer === undefined) byGroup.set(group, (writer = new ByteWriter()));
      this.#encode(slot, writer);
    }
    this.#added = [];
    for (const [group, writer] of byGroup) emit(group, writer.bytes());
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (let slot = this.#firstOfGroup.get(group) ?? NONE; slot !== NONE; slot = this.#next[slot]) this.#encode(slot, writer);
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const until = reader.f64();
      const length = reader.varint();
      if (!isNumber(until)) {
        // Numbers that were seen while keys were kept for ever: see `SeenForEver`.
        for (const key of reader.f64Array(length)) this.#note(this.#keys.table.internNumber(key), Infinity);
        continue;
      }
      const key = reader.bytes(length);
      this.#note(this.#keys.table.internBytes(key, 0, key.length), until);
    }
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#until.byteLength * 2 + this.#size * 8;
  }

  #note(slot: number, until: number): void {
    if (slot >= this.#until.length) this.#grow(slot + 1);
    const before = this.#until[slot];
    if (!isNumber(before)) this.#link(slot);
    this.#until[slot] = until;
    // Seen while keys were kept for ever.
    if (until === Infinity) return;
    const bucket = Math.floor(until / this.#bucket);
    if (Math.floor(before / this.#bucket) === bucket) return;
    const slots = this.#buckets.get(bucket);
    if (slots === undefined) this.#buckets.set(bucket, [slot]);
    else slots.push(slot);
  }

  #link(slot: number): void {
    this.#keys.retain(slot);
    this.#size++;
    const group = this.#keys.group(slot);
    const first = this.#firstOfGroup.get(group) ?? NONE;
    this.#next[slot] = first;
    this.#previous[slot] = NONE;
    if (first !== NONE) this.#previous[first] = slot;
    this.#firstOfGroup.set(group, slot);
  }

  #drop(slot: number): void {
    const next = this.#next[slot];
    const previous = this.#previous[slot];
    if (next !== NONE) this.#previous[next] = previous;
    if (previous !== NONE) this.#next[previous] = next;
    else if (next !== NONE) this.#firstOfGroup.set(this.#keys.group(slot), next);
    else this.#firstOfGroup.delete(this.#keys.group(slot));
    this.#until[slot] = Number.NaN;
    this.#size--;
    this.#keys.release(slot);
  }

  #grow(needed: number): void {
    const length = Math.max(needed, this.#until.length * 2);
    const until = new Float64Array(length).fill(Number.NaN);
    until.set(this.#until);
    this.#until = until;
    const next = new Int32Array(length);
    next.set(this.#next);
    this.#next = next;
    const previous = new Int32Array(length);
    previous.set(this.#previous);
    this.#previous = previous;
  }

  #encode(slot: number, writer: ByteWriter): void {
    const { table } = this.#keys;
    const start = table.start(slot);
    const end = table.end(slot);
    writer.f64(this.#until[slot]);
    writer.varint(end - start);
    writer.append(table.bytes, start, end);
  }
}

const NONE = -1;

function isNumber(value: number): boolean {
  return value === value;
}
