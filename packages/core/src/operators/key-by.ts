import { columnKeys } from "../codec/column-keys.ts";
import type { Batch, Key } from "../contracts/batch.ts";
import { RESULTS, type KeyByNode } from "../graph/nodes.ts";
import { rowAt } from "./batches.ts";
import { extract, forEachRow } from "./extract.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import type { KeySpace } from "./state/key-space.ts";

/**
 * Gives each row the slot of its key in the key space; where nothing is kept under slots (`inPlace`),
 * keys that are a column stay there.
 */
export function keyByOperator(node: KeyByNode, keys: KeySpace, inPlace: boolean, context: OperatorContext): Operator {
  const { closure, field } = extract(node.key);
  const keyOf = closure as (value: unknown) => Key;
  return {
    tables: [],
    advance: () => undefined,
    process(_input, batch) {
      const keyed = inPlace && field !== undefined ? columnKeys(field, batch) : undefined;
      if (keyed !== undefined) {
        context.emit(RESULTS, keyed);
        return;
      }
      const slots = new Int32Array(batch.rows.length);
      const column = field === undefined ? undefined : batch.rows.column(field);
      const direct = column?.type === "number" || column?.type === "string";
      if (direct && keys.table.internColumn(column, batch.selection, batch.count, slots) === 0) {
        context.emit(RESULTS, { ...batch, keys: { table: keys.table, slots } });
        return;
      }
      const without = forEachRow(batch, context, (row) => {
        slots[row] = keys.table.intern(keyOf(batch.rows.view(row)));
      });
      const rest: Batch = without ?? batch;
      if (rest.count > 0) context.emit(RESULTS, { ...rest, keys: { table: keys.table, slots } });
    },
  };
}

/** The key of a row of a batch. */
export function keyAt(batch: Batch, i: number): Key {
  return batch.keys === undefined ? null : batch.keys.table.value(batch.keys.slots[rowAt(batch, i)]);
}
