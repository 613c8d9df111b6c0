import { AFTER, BEFORE, DELETE, INSERT, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { RESULTS } from "../../graph/nodes.ts";
import { BatchBuilder } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { VALUE_CELLS, type ValueCell } from "../state/cells.ts";
import type { KeySpace } from "../state/key-space.ts";
import { KeyedTable } from "../state/keyed-table.ts";
import { checkStorable } from "../state/storable.ts";
import type { StateTable } from "../state/table.ts";

/** A row as it was told last, its event time and the stamp that it was judged by; stores of older versions have no stamp. */
type Told = readonly [row: unknown, time: number, stamp?: number];

/**
 * Makes changes that can be taken back of rows that replace each other by their key: what a row was, with
 * its time, comes before what it is. It is taken back with a stamp no lower than it was given by, also where
 * what replaces it comes from another split: what it was late for, nothing is taken back from. It keeps
 * the latest row of each key.
 */
export class ChangesOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #rows: KeyedTable<ValueCell>;

  constructor(keys: KeySpace, context: OperatorContext) {
    this.#context = context;
    this.#rows = new KeyedTable("rows", VALUE_CELLS, keys);
    this.tables = [this.#rows];
  }

  process(_input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    const { slots } = batch.keys;
    const out = new BatchBuilder();
    forEachRow(batch, this.#context, (at) => {
      const kind = batch.kinds?.[at] ?? INSERT;
      const plain = kind & ~PROVISIONAL;
      if (plain === BEFORE) return;
      const slot = slots[at];
      const stamp = batch.stamps[at];
      const before = this.#rows.get(slot)?.value as Told | undefined;
      if (plain === DELETE) {
        if (before === undefined) return;
        this.#rows.delete(slot);
        out.add(before[0], before[1], backStamp(before, stamp), DELETE);
        return;
      }
      const row = batch.rows.get(at);
      checkStorable(row);
      const told: Told = [row, batch.times[at], stamp];
      this.#rows.change(slot).value = told;
      if (before !== undefined) out.add(before[0], before[1], backStamp(before, stamp), BEFORE);
      out.add(row, told[1], stamp, (before === undefined ? INSERT : AFTER) | (kind & PROVISIONAL));
    });
    if (out.count > 0) this.#context.emit(RESULTS, out.take());
  }

  advance(): void {}
}

function backStamp([, , given = -Infinity]: Told, stamp: number): number {
  return Math.max(given, stamp);
}
