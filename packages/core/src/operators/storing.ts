import type { Batch } from "../contracts/batch.ts";
import { forEachRow } from "./extract.ts";
import type { OperatorContext } from "./operator.ts";
import { checkStorable } from "./state/storable.ts";

/**
 * Stores rows by `store`, which leaves nothing behind where it throws. Rows that cannot be stored (a
 * function or an object of a class is in their value) then go to the dead letters, and the others are stored.
 */
export function storeRows(batch: Batch, context: Pick<OperatorContext, "fail">, store: (batch: Batch) => void): void {
  try {
    store(batch);
  } catch (error) {
    const rest = forEachRow(batch, context, (row) => checkStorable(batch.rows.get(row)));
    if (rest === undefined) throw error;
    if (rest.count > 0) store(rest);
  }
}
