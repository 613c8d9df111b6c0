import type { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import { AFTER, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { RESULTS, type ReduceNode } from "../../graph/nodes.ts";
import { LAST_TIME } from "../../time/event-time.ts";
import { BatchBuilder } from "../batches.ts";
import { Combining } from "../combining.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import { KeyedTable, type CellForm } from "../state/keyed-table.ts";
import { checkStorable } from "../state/storable.ts";
import type { StateTable } from "../state/table.ts";
import { freezeDeeply } from "../strict.ts";

/** `combine` gives, at each commit, what its partition has reduced since the last, or the values where each key has hardly more than one; `merge` and `whole` the running result. */
export type ReduceRole = "whole" | "combine" | "merge";

/** Rows for each key of a commit from which combining pays. */
const WORTH = 2;

/** What a key's values have been reduced to, with the largest event time and stamp among them. */
interface Reduced {
  value: unknown;
  time: number;
  stamp: number;
}

const REDUCED: CellForm<Reduced> = {
  format: "reduced-1",
  make: () => ({ value: undefined, time: -Infinity, stamp: -Infinity }),
  encode(cell, writer: ByteWriter) {
    writer.f64(cell.time);
    writer.f64(cell.stamp);
    encodeValue(cell.value, writer);
  },
  decode(reader: ByteReader) {
    const time = reader.f64();
    const stamp = reader.f64();
    return { time, stamp, value: decodeValue(reader) };
  },
  expire: () => Infinity,
  isEmpty: () => false,
  mapValues(cell, map) {
    cell.value = map(cell.value);
  },
};

/**
 * The running reduction of each key. What changed within a step is shown once, with its commit, as an
 * update that another may follow; the last word is said when the input has ended.
 */
export class ReduceOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #reduce: (a: unknown, b: unknown) => unknown;
  readonly #role: ReduceRole;
  readonly #keys: KeySpace;
  readonly #table: KeyedTable<Reduced>;
  readonly #touched = new Set<number>();
  readonly #combining = new Combining(WORTH);
  #watermark = -Infinity;

  constructor(node: ReduceNode, role: ReduceRole, keys: KeySpace, context: OperatorContext) {
    this.#reduce = node.reduce as (a: unknown, b: unknown) => unknown;
    this.#role = role;
    this.#keys = keys;
    this.#context = context;
    this.#table = new KeyedTable("reduced", REDUCED, keys, Infinity, node.version);
    this.tables = role === "combine" ? [] : [this.#table];
  }

  process(_input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    if (this.#role === "combine" && !this.#combining.pays) {
      // A value of its own is what it reduces to.
      this.#combining.passed();
      this.#context.emit(RESULTS, batch);
      return;
    }
    this.#combining.combined(batch.count);
    const { slots } = batch.keys;
    forEachRow(batch, this.#context, (row) => {
      const slot = slots[row];
      const before = this.#table.get(slot);
      const value = batch.rows.get(row);
      const strict = this.#context.strict === true;
      const reduced = before === undefined ? value : this.#reduce(strict ? freezeDeeply(before.value) : before.value, value);
      checkStorable(reduced);
      const cell = this.#table.change(slot);
      cell.value = reduced;
      cell.time = Math.max(cell.time, batch.times[row]);
      cell.stamp = Math.max(cell.stamp, batch.stamps[row]);
      this.#touched.add(slot);
    });
  }

  advance(watermark: number): void {
    this.#watermark = watermark;
    if (this.#role === "combine" || watermark < Infinity) return;
    const slots = [...this.#table.slots()].sort((a, b) => this.#keys.compare(a, b));
    this.#show(slots, AFTER);
    this.#touched.clear();
  }

  restored(watermark: number): void {
    this.#watermark = watermark;
  }

  flush(): void {
    this.#combining.flushed(this.#touched.size);
    if (this.#touched.size === 0) return;
    if (this.#role === "combine") this.#handOver();
    else this.#show(this.#touched, AFTER | PROVISIONAL);
    this.#touched.clear();
  }

  #show(slots: Iterable<number>, kind: number): void {
    const out = new BatchBuilder();
    const least = Math.min(this.#watermark, LAST_TIME);
    for (const slot of slots) {
      const cell = this.#table.get(slot);
      if (cell !== undefined) out.add(cell.value, cell.time, Math.max(cell.stamp, least), kind);
    }
    if (out.count > 0) this.#context.emit(RESULTS, out.take());
  }

  /** Gives the partial reductions to the other side of the exchange, and forgets them. */
  #handOver(): void {
    const out = new BatchBuilder();
    const slots = Int32Array.from(this.#touched);
    for (const slot of slots) {
      const { value, time, stamp } = this.#table.get(slot) as Reduced;
      out.add(value, time, stamp);
      this.#table.delete(slot);
    }
    this.#context.emit(RESULTS, out.take({ table: this.#keys.table, slots }));
    this.#table.changes(() => undefined);
  }
}
