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
  /** By slot: 0 unseen, else 1 + the event time until which the key is remembered. */
  #until = new Float64Array(1024);
  readonly #buckets = new Map<number, number[]>();
  #added: number[] = [];
  #size = 0;

  constructor(keys: KeySpace, within: number) {
    this.#keys = keys;
    this.#bucket = within === Infinity ? Infinity : Math.max(1, within / 16);
  }

  /** Notes a key; false where it is remembered already. */
  add(slot: number, until: number): boolean {
    if (!this.#note(slot, until)) return false;
    this.#added.push(slot);
    return true;
  }

  /** Forgets the keys whose time is over. */
  forget(watermark: number): void {
    if (this.#bucket === Infinity) return;
    for (const [bucket, slots] of this.#buckets) {
      if ((bucket + 1) * this.#bucket > watermark) continue;
      for (const slot of slots) {
        this.#until[slot] = 0;
        this.#keys.release(slot);
      }
      this.#size -= slots.length;
      this.#buckets.delete(bucket);
    }
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    if (this.#added.length === 0) return;
    const byGroup = new Map<number, ByteWriter>();
    for (const slot of this.#added) {
      // What was forgotten in the step that saw it needs no record.
      if (slot >= this.#until.length || this.#until[slot] === 0) continue;
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
    for (let slot = 0; slot < this.#until.length; slot++) {
      if (this.#until[slot] !== 0 && this.#keys.group(slot) === group) this.#encode(slot, writer);
    }
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const until = reader.f64();
      const key = reader.bytes(reader.varint());
      this.#note(this.#keys.table.internBytes(key, 0, key.length), until);
    }
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#until.byteLength + this.#size * 8;
  }

  #note(slot: number, until: number): boolean {
    if (slot >= this.#until.length) {
      const wider = new Float64Array(Math.max(slot + 1, this.#until.length * 2));
      wider.set(this.#until);
      this.#until = wider;
    }
    if (this.#until[slot] !== 0) return false;
    this.#until[slot] = 1 + until;
    this.#keys.retain(slot);
    this.#size++;
    if (this.#bucket === Infinity) return true;
    const bucket = Math.floor(until / this.#bucket);
    const slots = this.#buckets.get(bucket);
    if (slots === undefined) this.#buckets.set(bucket, [slot]);
    else slots.push(slot);
    return true;
  }

  #encode(slot: number, writer: ByteWriter): void {
    const { table } = this.#keys;
    const start = table.start(slot);
    const end = table.end(slot);
    writer.f64(this.#until[slot] - 1);
    writer.varint(end - start);
    writer.append(table.bytes, start, end);
  }
}
