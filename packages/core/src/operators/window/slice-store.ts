import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { MillraceError } from "../../errors.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable, VersionedPart } from "../state/table.ts";
import { layoutFormat, versionsOf, type Part } from "./layout.ts";
import type { SlicedWindow, Slicing } from "./slicing.ts";
import { Slice } from "./slice.ts";

/** The slices of a window operator in one partition, as committed state. */
export class SliceStore implements StateTable {
  readonly name = "slices";
  readonly format: string;
  readonly versions: readonly VersionedPart[];
  readonly #parts: readonly Part[];
  readonly #slicing: Slicing;
  readonly #keys: KeySpace | undefined;
  /** By start; more than one where atoms came late for some of their windows. */
  readonly #slices = new Map<number, Slice[]>();
  readonly #writers = new Map<number, ByteWriter>();

  /** Slices are dropped without a record once windows and lateness are over, so both belong to what the bytes mean. */
  constructor(parts: readonly Part[], slicing: Slicing, lateness: number, keys: KeySpace | undefined) {
    this.#parts = parts;
    this.#keys = keys;
    this.format = `slices-2(${slicing.format};lateness ${lateness};${layoutFormat(parts)})`;
    this.versions = versionsOf(parts);
    this.#slicing = slicing;
  }

  get(start: number, minEnd: number): Slice | undefined {
    return this.#slices.get(start)?.find((slice) => slice.minEnd === minEnd);
  }

  make(start: number, minEnd: number): Slice {
    const slice = new Slice(start, minEnd, this.#parts, this.#keys);
    const there = this.#slices.get(start);
    if (there === undefined) this.#slices.set(start, [slice]);
    else there.push(slice);
    return slice;
  }

  /** A slice that is not state: for merging others into. */
  scratch(start: number): Slice {
    return new Slice(start, start, this.#parts, this.#keys);
  }

  *all(): Iterable<Slice> {
    for (const slices of this.#slices.values()) yield* slices;
  }

  /** Whether a window is one slice. */
  isWhole({ size, slide }: SlicedWindow): boolean {
    return this.#slicing.windows.length === 1 && size === slide;
  }

  starts(): Iterable<number> {
    return this.#slices.keys();
  }

  at(start: number): readonly Slice[] {
    return this.#slices.get(start) ?? [];
  }

  /** Forgets the slices that begin at `start`. The watermark that let them go is committed: loading forgets them again. */
  drop(start: number): void {
    for (const slice of this.at(start)) slice.dispose();
    this.#slices.delete(start);
  }

  clear(): void {
    for (const start of [...this.#slices.keys()]) this.drop(start);
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    for (const slice of this.all()) {
      if (slice.changedCount === 0) continue;
      const rows = slice.takeChanged();
      const byGroup = new Map<number, number[]>();
      for (const row of rows) {
        const group = slice.group(row);
        const list = byGroup.get(group);
        if (list === undefined) byGroup.set(group, [row]);
        else list.push(row);
      }
      for (const [group, list] of byGroup) this.#encode(slice, list, this.#writer(group));
    }
    for (const [group, writer] of this.#writers) {
      if (writer.length > 0) emit(group, writer.take());
    }
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const slice of this.all()) {
      const rows = slice.rowsOfGroup(group);
      if (rows.length > 0) this.#encode(slice, rows, writer);
    }
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const start = reader.f64();
      const minEnd = reader.f64();
      const slice = this.get(start, minEnd) ?? this.make(start, minEnd);
      for (let n = reader.count(); n > 0; n--) slice.decodeRow(slice.row(this.#readKey(reader)), reader);
    }
  }

  migrate(group: number, made: (part: VersionedPart, value: unknown) => unknown): void {
    for (const slice of this.all()) {
      const rows = slice.rowsOfGroup(group);
      slice.values.forEach((values, p) => {
        if (values !== undefined) for (const row of rows) values[row] = made(this.versions[p], values[row]);
      });
    }
  }

  get size(): number {
    let rows = 0;
    for (const slice of this.all()) rows += slice.count;
    return rows;
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const slice of this.all()) bytes += slice.memoryBytes;
    return bytes;
  }

  #encode(slice: Slice, rows: readonly number[], writer: ByteWriter): void {
    writer.f64(slice.start);
    writer.f64(slice.minEnd);
    writer.varint(rows.length);
    const table = this.#keys?.table;
    for (const row of rows) {
      const slot = slice.slots[row];
      if (slot < 0 || table === undefined) {
        writer.varint(0);
      } else {
        const start = table.start(slot);
        const end = table.end(slot);
        writer.varint(end - start + 1);
        writer.append(table.bytes, start, end);
      }
      slice.encodeRow(row, writer);
    }
  }

  /** A key is written as its length plus one, then its bytes; 0 stands for a stream without keys. */
  #readKey(reader: ByteReader): number {
    const length = reader.varint() - 1;
    if (length < 0) return -1;
    const bytes = reader.bytes(length);
    if (this.#keys === undefined) {
      throw new MillraceError("MILLRACE_STATE_MISMATCH", "window state", "it was written with keys, but the stream has none now; give the operator another id");
    }
    return this.#keys.table.internBytes(bytes, 0, bytes.length);
  }

  #writer(group: number): ByteWriter {
    let writer = this.#writers.get(group);
    if (writer === undefined) {
      writer = new ByteWriter();
      this.#writers.set(group, writer);
    }
    return writer;
  }
}
