import { BEFORE, DELETE, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { RESULTS, type LookupNode } from "../../graph/nodes.ts";
import { BatchBuilder } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { VALUE_CELLS, type ValueCell } from "../state/cells.ts";
import type { KeySpace } from "../state/key-space.ts";
import { KeyedTable } from "../state/keyed-table.ts";
import { checkStorable } from "../state/storable.ts";
import type { StateTable } from "../state/table.ts";

const TABLE = 1;

/**
 * Gives each atom the row that the table has for its key when the atom comes: nothing waits, and nothing is
 * late. What had been read of the table then is committed with the atom, so a repeat sees the same rows.
 */
export class LookupOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #node: LookupNode;
  readonly #keys: KeySpace;
  readonly #rows: KeyedTable<ValueCell>;

  constructor(node: LookupNode, keys: KeySpace, context: OperatorContext) {
    this.#node = node;
    this.#keys = keys;
    this.#context = context;
    this.#rows = new KeyedTable("rows", VALUE_CELLS, keys);
    this.tables = [this.#rows];
  }

  process(input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    if (input === TABLE) this.#change(batch, batch.keys.slots);
    else this.#look(batch, batch.keys.slots);
  }

  advance(): void {}

  /** The table gives nothing by itself. */
  promises(first: number): number {
    return first;
  }

  #look(batch: Batch, slots: Int32Array): void {
    const enrich = this.#node.enrich as (value: unknown, row: unknown) => unknown;
    const out = new BatchBuilder();
    const kept: number[] = [];
    forEachRow(batch, this.#context, (at) => {
      out.add(enrich(batch.rows.get(at), this.#rows.get(slots[at])?.value), batch.times[at], batch.stamps[at]);
      kept.push(slots[at]);
    });
    if (out.count > 0) this.#context.emit(RESULTS, out.take({ table: this.#keys.table, slots: Int32Array.from(kept) }));
  }

  #change(batch: Batch, slots: Int32Array): void {
    const isDeleted = this.#node.deleted as ((row: unknown) => boolean) | undefined;
    forEachRow(batch, this.#context, (at) => {
      const kind = (batch.kinds?.[at] ?? 0) & ~PROVISIONAL;
      if (kind === BEFORE) return;
      const row = batch.rows.get(at);
      if (kind === DELETE || isDeleted?.(row) === true) {
        this.#rows.delete(slots[at]);
        return;
      }
      checkStorable(row);
      this.#rows.change(slots[at]).value = row;
    });
  }
}
