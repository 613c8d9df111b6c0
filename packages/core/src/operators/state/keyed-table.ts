import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { IntMap } from "../../codec/int-map.ts";
import type { KeySpace } from "./key-space.ts";
import { FIRST_VERSION } from "../../graph/version.ts";
import type { StateTable, VersionedPart } from "./table.ts";

/** What a keyed table holds under a key, and how it is written: whole, or what changed of it. */
export interface CellForm<C> {
  /** Says what the bytes mean. */
  readonly format: string;
  make(): C;
  encode(cell: C, writer: ByteWriter): void;
  decode(reader: ByteReader): C;
  /** What changed since `settle`; absent: a changed cell is written whole. */
  encodeChanges?(cell: C, writer: ByteWriter): void;
  decodeChanges?(cell: C, reader: ByteReader): void;
  /** Whether what changed cannot be told apart from the rest: the cell is then written whole. */
  isReplaced?(cell: C): boolean;
  /** The cell counts as unchanged from here on. */
  settle?(cell: C): void;
  /** Drops what is over at `at`. Gives the time at which something more is over; Infinity: nothing is left that ends. */
  expire(cell: C, at: number): number;
  isEmpty(cell: C): boolean;
  /** Puts other values in place of the user's; absent: a cell holds none. */
  mapValues?(cell: C, map: (value: unknown) => unknown): void;
}

/** About what a cell takes besides its content. */
const CELL_BYTES = 96;

const GONE = 0;
const WHOLE = 1;
const CHANGES = 2;

/**
 * Cells of state by key slot, committed as deltas: of each key that changed its cell, what changed of
 * it, or that it is gone. What has expired goes without a record, as the committed watermark makes
 * loading drop it again. Rows of a key group are linked, so that a snapshot costs what the group holds.
 */
export class KeyedTable<C> implements StateTable {
  readonly name: string;
  readonly format: string;
  readonly versions: readonly VersionedPart[];
  readonly #form: CellForm<C>;
  readonly #keys: KeySpace;
  /** Width of the buckets of event time in which rows are looked at for what has expired. */
  readonly #bucket: number;
  readonly #buckets = new Map<number, number[]>();
  readonly #rows = new IntMap(1024);
  /** By row; undefined: gone, and to be told so at the next commit. */
  readonly #cells: (C | undefined)[] = [];
  #slots = new Int32Array(64);
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  #flags = new Uint8Array(64);
  /** The bucket in which a row will be looked at; NaN: none. */
  #armed = new Float64Array(64);
  #changed: number[] = [];
  readonly #writer = new ByteWriter();
  readonly #free: number[] = [];
  readonly #firstOfGroup = new Map<number, number>();
  #size = 0;
  /** Bytes of cells and of their changes as they were written or read, and how many cells were whole: how large cells are. */
  #encodedBytes = 0;
  #wholes = 0;

  constructor(name: string, form: CellForm<C>, keys: KeySpace, ttl = Infinity, version = FIRST_VERSION) {
    this.name = name;
    this.versions = form.mapValues === undefined ? [] : [{ name: "value", version: version.number, migrate: version.migrate }];
    this.#form = form;
    this.format = form.format;
    this.#keys = keys;
    this.#bucket = ttl === Infinity ? Infinity : Math.max(1, ttl / 16);
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    const perCell = CELL_BYTES + (this.#wholes === 0 ? 0 : this.#encodedBytes / this.#wholes);
    return Math.ceil(this.#size * perCell) + this.#slots.byteLength * 5 + this.#rows.memoryBytes;
  }

  /** The cell of a key, to be read only. */
  get(slot: number): C | undefined {
    const row = this.#rows.get(slot);
    return row < 0 ? undefined : this.#cells[row];
  }

  /** The cell of a key, to be changed now; an empty one where it had none. */
  change(slot: number): C {
    let row = this.#rows.get(slot);
    if (row < 0) row = this.#append(slot);
    let cell = this.#cells[row];
    if (cell === undefined) {
      cell = this.#form.make();
      this.#cells[row] = cell;
      this.#size++;
    }
    this.#markChanged(row);
    return cell;
  }

  delete(slot: number): void {
    const row = this.#rows.get(slot);
    if (row < 0 || this.#cells[row] === undefined) return;
    this.#cells[row] = undefined;
    this.#size--;
    this.#flags[row] |= REPLACED;
    this.#markChanged(row);
  }

  /** Notes that something under a key ends at a time, so that it is looked at then. */
  arm(slot: number, expires: number): void {
    if (expires === Infinity || this.#bucket === Infinity) return;
    const row = this.#rows.get(slot);
    if (row < 0 || this.#armed[row] === this.#armed[row]) return;
    const bucket = Math.floor(expires / this.#bucket);
    this.#armed[row] = bucket;
    const slots = this.#buckets.get(bucket);
    if (slots === undefined) this.#buckets.set(bucket, [slot]);
    else slots.push(slot);
  }

  /** Drops what has expired; readers judge for themselves, so that when this happens changes no answer. */
  forget(watermark: number): void {
    for (const [bucket, slots] of [...this.#buckets]) {
      if ((bucket + 1) * this.#bucket > watermark) continue;
      this.#buckets.delete(bucket);
      for (const slot of slots) {
        const row = this.#rows.get(slot);
        if (row < 0 || this.#armed[row] !== bucket) continue;
        this.#armed[row] = Number.NaN;
        this.#expire(slot, row, watermark);
      }
    }
  }

  /** The slots that hold something. */
  *slots(): Iterable<number> {
    for (let row = 0; row < this.#cells.length; row++) if (this.#cells[row] !== undefined) yield this.#slots[row];
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    const groups = new Map<number, number[]>();
    for (const row of this.#changed) {
      if ((this.#flags[row] & CHANGED) === 0) continue;
      const group = this.#keys.group(this.#slots[row]);
      const rows = groups.get(group);
      if (rows === undefined) groups.set(group, [row]);
      else rows.push(row);
    }
    this.#changed = [];
    // All groups in one array: small commits touch many groups, and an array of its own costs more than a group's few bytes.
    const writer = this.#writer;
    const ends: number[] = [];
    for (const rows of groups.values()) {
      for (const row of rows) this.#takeChange(row, writer);
      ends.push(writer.length);
    }
    const bytes = writer.take();
    let start = 0;
    let place = 0;
    for (const group of groups.keys()) {
      const end = ends[place++];
      if (end > start) emit(group, bytes.subarray(start, end));
      start = end;
    }
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (let row = this.#firstOfGroup.get(group) ?? NONE; row !== NONE; row = this.#next[row]) {
      const cell = this.#cells[row];
      if (cell === undefined) continue;
      this.#encodeKey(row, writer);
      writer.u8(WHOLE);
      this.#form.encode(cell, writer);
    }
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const key = reader.bytes(reader.varint());
      const slot = this.#keys.table.internBytes(key, 0, key.length);
      const tag = reader.u8();
      const { remaining } = reader;
      let row = this.#rows.get(slot);
      if (tag === GONE) {
        if (row >= 0) this.#remove(row);
        continue;
      }
      if (row < 0) row = this.#append(slot);
      let cell = this.#cells[row];
      if (cell === undefined) this.#size++;
      if (tag === WHOLE) cell = this.#form.decode(reader);
      else if (tag === CHANGES && this.#form.decodeChanges !== undefined) this.#form.decodeChanges((cell ??= this.#form.make()), reader);
      else reader.fail(`${tag} is no kind of change`);
      this.#cells[row] = cell;
      this.#flags[row] = STORED;
      this.#encodedBytes += remaining - reader.remaining;
      if (tag === WHOLE) this.#wholes++;
      this.arm(slot, this.#form.expire(cell as C, -Infinity));
    }
  }

  migrate(group: number, made: (part: VersionedPart, value: unknown) => unknown): void {
    const [part] = this.versions;
    for (let row = this.#firstOfGroup.get(group) ?? NONE; row !== NONE; row = this.#next[row]) {
      const cell = this.#cells[row];
      if (cell !== undefined) this.#form.mapValues?.(cell, (value) => made(part, value));
    }
  }

  #expire(slot: number, row: number, watermark: number): void {
    const cell = this.#cells[row];
    if (cell === undefined) return;
    const next = this.#form.expire(cell, watermark);
    if (!this.#form.isEmpty(cell)) this.arm(slot, next);
    else if ((this.#flags[row] & CHANGED) !== 0) this.delete(slot);
    else this.#remove(row);
  }

  #takeChange(row: number, writer: ByteWriter): void {
    // A row that was given to another key since it changed is listed twice.
    if ((this.#flags[row] & CHANGED) === 0) return;
    const cell = this.#cells[row];
    if (cell !== undefined || (this.#flags[row] & STORED) !== 0) this.#encodeChanged(row, cell, writer);
    if (cell === undefined) {
      this.#remove(row);
    } else {
      this.#form.settle?.(cell);
      this.#flags[row] = STORED;
    }
  }

  #encodeChanged(row: number, cell: C | undefined, writer: ByteWriter): void {
    const form = this.#form;
    this.#encodeKey(row, writer);
    const from = writer.length;
    if (cell === undefined) {
      writer.u8(GONE);
    } else if (form.encodeChanges === undefined || this.#flags[row] !== (STORED | CHANGED) || form.isReplaced?.(cell) === true) {
      writer.u8(WHOLE);
      form.encode(cell, writer);
      this.#wholes++;
    } else {
      writer.u8(CHANGES);
      form.encodeChanges(cell, writer);
    }
    this.#encodedBytes += writer.length - from;
  }

  #encodeKey(row: number, writer: ByteWriter): void {
    const { table } = this.#keys;
    const slot = this.#slots[row];
    const start = table.start(slot);
    const end = table.end(slot);
    writer.varint(end - start);
    writer.append(table.bytes, start, end);
  }

  #markChanged(row: number): void {
    if ((this.#flags[row] & CHANGED) !== 0) return;
    this.#flags[row] |= CHANGED;
    this.#changed.push(row);
  }

  #append(slot: number): number {
    const row = this.#free.pop() ?? this.#cells.length;
    if (row === this.#slots.length) this.#grow();
    this.#cells[row] = undefined;
    this.#slots[row] = slot;
    this.#flags[row] = 0;
    this.#armed[row] = Number.NaN;
    this.#rows.set(slot, row);
    this.#keys.retain(slot);
    const group = this.#keys.group(slot);
    const first = this.#firstOfGroup.get(group) ?? NONE;
    this.#next[row] = first;
    this.#previous[row] = NONE;
    if (first !== NONE) this.#previous[first] = row;
    this.#firstOfGroup.set(group, row);
    return row;
  }

  #remove(row: number): void {
    const slot = this.#slots[row];
    const next = this.#next[row];
    const previous = this.#previous[row];
    if (next !== NONE) this.#previous[next] = previous;
    if (previous !== NONE) this.#next[previous] = next;
    else if (next !== NONE) this.#firstOfGroup.set(this.#keys.group(slot), next);
    else this.#firstOfGroup.delete(this.#keys.group(slot));
    if (this.#cells[row] !== undefined) this.#size--;
    this.#cells[row] = undefined;
    this.#flags[row] = 0;
    this.#rows.delete(slot);
    this.#keys.release(slot);
    this.#free.push(row);
  }

  #grow(): void {
    const length = this.#slots.length * 2;
    this.#slots = copied(this.#slots, new Int32Array(length));
    this.#next = copied(this.#next, new Int32Array(length));
    this.#previous = copied(this.#previous, new Int32Array(length));
    this.#flags = copied(this.#flags, new Uint8Array(length));
    this.#armed = copied(this.#armed, new Float64Array(length));
  }
}

/** Flags of a row: changed since the last commit; some earlier block holds it; it was deleted since then. */
const CHANGED = 1;
const STORED = 2;
const REPLACED = 4;
const NONE = -1;

function copied<A extends Int32Array | Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
