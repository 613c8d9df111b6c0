import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable, VersionedPart } from "../state/table.ts";
import { layoutFormat, versionsOf, type Part } from "../window/layout.ts";
import type { Accumulators } from "../window/partials.ts";

/** Flags of a session: its row has been given out; its end has passed. Both go when it grows. */
export const SHOWN = 1;
export const FIRED = 2;

/**
 * The sessions of each key as rows, with their accumulators. What is committed of a key that changed
 * is all of its sessions, which are few. A session that ends for good goes without a record, as the
 * committed watermark makes loading let go of it again.
 */
export class SessionStore implements StateTable, Accumulators {
  readonly name = "sessions";
  readonly format: string;
  readonly versions: readonly VersionedPart[];
  readonly numbers: (Float64Array | undefined)[] = [];
  readonly values: (unknown[] | undefined)[] = [];
  /** Key slot of each row; -1: the stream has no keys. */
  slots = new Int32Array(64);
  /** Event times of a row's first and last atom. */
  first = new Float64Array(64);
  last = new Float64Array(64);
  /** The watermark that a row waits for before it becomes a session; NaN: it is one. */
  waits = new Float64Array(64);
  flags = new Uint8Array(64);
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;
  readonly #byKey = new Map<number, number[]>();
  readonly #byGroup = new Map<number, Set<number>>();
  readonly #changed = new Set<number>();
  readonly #free: number[] = [];
  #used = 0;

  constructor(parts: readonly Part[], gap: number, lateness: number, keys: KeySpace | undefined) {
    this.#parts = parts;
    this.#keys = keys;
    this.versions = versionsOf(parts);
    this.format = `sessions-1(gap ${gap};lateness ${lateness};${layoutFormat(parts)})`;
    for (const part of parts) {
      this.numbers.push(part.form === "numeric" ? new Float64Array(64 * part.aggregate.width) : undefined);
      this.values.push(part.form === "value" ? [] : undefined);
    }
  }

  get size(): number {
    return this.#used - this.#free.length;
  }

  get memoryBytes(): number {
    let bytes = this.slots.byteLength * 8 + this.#byKey.size * 200;
    for (const numbers of this.numbers) bytes += numbers?.byteLength ?? 0;
    for (const values of this.values) bytes += (values?.length ?? 0) * 64;
    return bytes;
  }

  /** The rows of a key; good until one is made or removed. */
  of(slot: number): readonly number[] {
    return this.#byKey.get(slot) ?? NO_ROWS;
  }

  *all(): Iterable<number> {
    for (const rows of this.#byKey.values()) yield* rows;
  }

  /** A new row with empty accumulators. */
  make(slot: number, first: number, last: number, waits: number): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row === this.slots.length) this.#grow();
    this.slots[row] = slot;
    this.first[row] = first;
    this.last[row] = last;
    this.waits[row] = waits;
    this.flags[row] = 0;
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") part.aggregate.reset(this.numbers[p] as Float64Array, row * part.aggregate.width);
      else (this.values[p] as unknown[])[row] = part.aggregate.init();
    });
    const rows = this.#byKey.get(slot);
    if (rows === undefined) this.#addKey(slot, row);
    else rows.push(row);
    return row;
  }

  remove(row: number): void {
    const slot = this.slots[row];
    const rows = this.#byKey.get(slot) ?? [];
    rows.splice(rows.indexOf(row), 1);
    for (const values of this.values) if (values !== undefined) values[row] = undefined;
    this.#free.push(row);
    if (rows.length === 0 && !this.#changed.has(slot)) this.#removeKey(slot);
  }

  markChanged(slot: number): void {
    this.#changed.add(slot);
  }

  /** Adds the accumulators of a row to those of another; where that throws the second row is as it was. */
  merge(into: number, from: number): void {
    for (const custom of [true, false]) {
      this.#parts.forEach((part, p) => {
        if ((part.form === "value" && part.custom) !== custom) return;
        if (part.form === "numeric") {
          const { width } = part.aggregate;
          const numbers = this.numbers[p] as Float64Array;
          part.aggregate.merge(numbers, into * width, numbers, from * width);
        } else {
          const values = this.values[p] as unknown[];
          values[into] = part.aggregate.merge(values[into], values[from]);
        }
      });
    }
  }

  /** Copies the accumulators of a row that is going to be removed. */
  take(into: number, from: number): void {
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") {
        const { width } = part.aggregate;
        (this.numbers[p] as Float64Array).copyWithin(into * width, from * width, (from + 1) * width);
      } else {
        const values = this.values[p] as unknown[];
        values[into] = values[from];
      }
    });
  }

  clear(): void {
    for (const row of [...this.all()]) this.remove(row);
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    const writers = new Map<number, ByteWriter>();
    for (const slot of this.#changed) {
      const group = this.#group(slot);
      let writer = writers.get(group);
      if (writer === undefined) writers.set(group, (writer = new ByteWriter()));
      this.#encode(slot, writer);
    }
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const slot of changed) if (this.of(slot).length === 0) this.#removeKey(slot);
    for (const [group, writer] of writers) emit(group, writer.take());
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const slot of this.#byGroup.get(group) ?? []) if (this.of(slot).length > 0) this.#encode(slot, writer);
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const length = reader.varint() - 1;
      const key = length < 0 ? undefined : reader.bytes(length);
      const slot = key === undefined || this.#keys === undefined ? UNKEYED : this.#keys.table.internBytes(key, 0, key.length);
      for (const row of [...this.of(slot)]) this.remove(row);
      for (let n = reader.count(); n > 0; n--) this.#decodeRow(slot, reader);
    }
  }

  migrate(group: number, made: (part: VersionedPart, value: unknown) => unknown): void {
    for (const slot of this.#byGroup.get(group) ?? []) {
      for (const row of this.of(slot)) {
        this.values.forEach((values, p) => {
          if (values !== undefined) values[row] = made(this.versions[p], values[row]);
        });
      }
    }
  }

  #encode(slot: number, writer: ByteWriter): void {
    const table = this.#keys?.table;
    if (slot < 0 || table === undefined) {
      writer.varint(0);
    } else {
      const start = table.start(slot);
      const end = table.end(slot);
      writer.varint(end - start + 1);
      writer.append(table.bytes, start, end);
    }
    const rows = this.of(slot);
    writer.varint(rows.length);
    for (const row of rows) {
      writer.f64(this.first[row]);
      writer.f64(this.last[row]);
      writer.f64(this.waits[row]);
      writer.u8(this.flags[row]);
      this.#parts.forEach((part, p) => {
        if (part.form === "value") part.aggregate.encode((this.values[p] as unknown[])[row], writer);
        else writer.f64Array(this.numbers[p] as Float64Array, row * part.aggregate.width, (row + 1) * part.aggregate.width);
      });
    }
  }

  #decodeRow(slot: number, reader: ByteReader): void {
    const first = reader.f64();
    const last = reader.f64();
    const row = this.make(slot, first, last, reader.f64());
    this.flags[row] = reader.u8();
    this.#parts.forEach((part, p) => {
      if (part.form === "value") (this.values[p] as unknown[])[row] = part.aggregate.decode(reader);
      else (this.numbers[p] as Float64Array).set(reader.f64Array(part.aggregate.width), row * part.aggregate.width);
    });
  }

  #group(slot: number): number {
    return slot < 0 || this.#keys === undefined ? 0 : this.#keys.group(slot);
  }

  #addKey(slot: number, row: number): void {
    this.#byKey.set(slot, [row]);
    if (slot >= 0) this.#keys?.retain(slot);
    const group = this.#group(slot);
    const slots = this.#byGroup.get(group);
    if (slots === undefined) this.#byGroup.set(group, new Set([slot]));
    else slots.add(slot);
  }

  #removeKey(slot: number): void {
    if (!this.#byKey.delete(slot)) return;
    this.#byGroup.get(this.#group(slot))?.delete(slot);
    if (slot >= 0) this.#keys?.release(slot);
  }

  #grow(): void {
    const length = this.slots.length * 2;
    this.slots = copied(this.slots, new Int32Array(length));
    this.first = copied(this.first, new Float64Array(length));
    this.last = copied(this.last, new Float64Array(length));
    this.waits = copied(this.waits, new Float64Array(length));
    this.flags = copied(this.flags, new Uint8Array(length));
    this.#parts.forEach((part, p) => {
      if (part.form === "numeric") this.numbers[p] = copied(this.numbers[p] as Float64Array, new Float64Array(length * part.aggregate.width));
    });
  }
}

const UNKEYED = -1;
const NO_ROWS: readonly number[] = [];

function copied<A extends Int32Array | Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
