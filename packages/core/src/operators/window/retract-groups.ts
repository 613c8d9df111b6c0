import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { readKey, writeKey } from "../join/keyed-log.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable, VersionedPart } from "../state/table.ts";
import { layoutFormat, versionsOf, type Part } from "./layout.ts";

/** The rows of one key in one window: how many there are, and what they come to. */
export interface Group {
  count: number;
  /** By part: numbers, or an accumulator. */
  readonly accumulators: unknown[];
}

export const UNKEYED = -1;

/** Groups by the end of their window and their key's slot (or UNKEYED): state of a window over rows that are taken back. */
export class RetractGroups implements StateTable {
  readonly name = "groups";
  readonly format: string;
  readonly versions: readonly VersionedPart[];
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;
  readonly #windows = new Map<number, Map<number, Group>>();
  readonly #changed = new Map<number, Set<number>>();

  /** Windows are dropped without a record once they and their lateness are over, so `windows` says how both are. */
  constructor(parts: readonly Part[], keys: KeySpace | undefined, windows: string) {
    this.#parts = parts;
    this.#keys = keys;
    this.format = `retract-groups-1(${windows};${layoutFormat(parts)})`;
    this.versions = versionsOf(parts);
  }

  ends(): number[] {
    return [...this.#windows.keys()];
  }

  /** The groups of a window by slot. */
  at(end: number): ReadonlyMap<number, Group> {
    return this.#windows.get(end) ?? NOTHING;
  }

  get(end: number, slot: number): Group | undefined {
    return this.#windows.get(end)?.get(slot);
  }

  /** The group to be changed now; an empty one where there was none. */
  change(end: number, slot: number): Group {
    let window = this.#windows.get(end);
    if (window === undefined) this.#windows.set(end, (window = new Map<number, Group>()));
    let group = window.get(slot);
    if (group === undefined) {
      window.set(slot, (group = this.empty()));
      if (slot !== UNKEYED) this.#keys?.retain(slot);
    }
    this.#mark(end, slot);
    return group;
  }

  delete(end: number, slot: number): void {
    if (this.#windows.get(end)?.delete(slot) !== true) return;
    if (slot !== UNKEYED) this.#keys?.release(slot);
    this.#mark(end, slot);
  }

  /** Forgets a window: the committed watermark that closed it makes loading forget it too. */
  drop(end: number): void {
    for (const slot of this.#windows.get(end)?.keys() ?? []) if (slot !== UNKEYED) this.#keys?.release(slot);
    this.#windows.delete(end);
    this.#changed.delete(end);
  }

  empty(): Group {
    const accumulators = this.#parts.map((part) => {
      if (part.form === "value") return part.aggregate.init();
      const numbers = new Float64Array(part.aggregate.width);
      part.aggregate.reset(numbers, 0);
      return numbers;
    });
    return { count: 0, accumulators };
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    const writers = new Map<number, ByteWriter>();
    for (const [end, slots] of this.#changed) {
      for (const slot of slots) {
        const group = this.#groupOf(slot);
        let writer = writers.get(group);
        if (writer === undefined) writers.set(group, (writer = new ByteWriter()));
        this.#write(writer, end, slot);
      }
    }
    this.#changed.clear();
    for (const [group, writer] of writers) emit(group, writer.take());
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const [end, window] of this.#windows) for (const slot of window.keys()) if (this.#groupOf(slot) === group) this.#write(writer, end, slot);
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const slot = this.#keys === undefined ? UNKEYED : readKey(this.#keys, reader);
      const end = reader.f64();
      if (reader.u8() === 0) {
        this.delete(end, slot);
        continue;
      }
      const group = this.change(end, slot);
      group.count = reader.varint();
      for (const [p, part] of this.#parts.entries()) group.accumulators[p] = part.form === "value" ? part.aggregate.decode(reader) : reader.f64Array(part.aggregate.width);
    }
    this.#changed.clear();
  }

  get size(): number {
    let size = 0;
    for (const window of this.#windows.values()) size += window.size;
    return size;
  }

  get memoryBytes(): number {
    return this.size * 300;
  }

  #mark(end: number, slot: number): void {
    const changed = this.#changed.get(end);
    if (changed === undefined) this.#changed.set(end, new Set([slot]));
    else changed.add(slot);
  }

  #groupOf(slot: number): number {
    return this.#keys === undefined ? 0 : this.#keys.group(slot);
  }

  #write(writer: ByteWriter, end: number, slot: number): void {
    if (this.#keys !== undefined) writeKey(this.#keys, slot, writer);
    writer.f64(end);
    const group = this.get(end, slot);
    writer.u8(group === undefined ? 0 : 1);
    if (group === undefined) return;
    writer.varint(group.count);
    for (const [p, part] of this.#parts.entries()) {
      if (part.form === "value") part.aggregate.encode(group.accumulators[p], writer);
      else writer.f64Array(group.accumulators[p] as Float64Array);
    }
  }
}

const NOTHING: ReadonlyMap<number, Group> = new Map();
