import { ObjectRows } from "../codec/formats/struct-rows.ts";
import { AFTER, DELETE, PROVISIONAL, type Batch, type ChangeMode } from "../contracts/batch.ts";
import type { BranchNode, FilterNode, FlatMapNode, MapNode } from "../graph/nodes.ts";
import { RESULTS } from "../graph/nodes.ts";
import { BatchBuilder, rowAt, select } from "./batches.ts";
import { forEachRow } from "./extract.ts";
import type { Operator, OperatorContext } from "./operator.ts";

/** An operator that keeps nothing: each row is dealt with on its own. */
function stateless(process: (batch: Batch) => void): Operator {
  return { tables: [], process: (_input, batch) => process(batch), advance: () => undefined };
}

export function mapOperator(node: MapNode, context: OperatorContext): Operator {
  const map = node.map as (value: unknown) => unknown;
  return stateless((batch) => {
    const { rows } = batch;
    const values: unknown[] = [];
    const without = forEachRow(batch, context, (row) => {
      values.push(map(rows.get(row)));
    });
    if (values.length > 0) context.emit(RESULTS, { ...compact(without ?? batch), rows: new ObjectRows(values) });
  });
}

/** Of rows that are updated, one that is not kept any more is gone for whoever had it. */
export function filterOperator(node: FilterNode, mode: ChangeMode, context: OperatorContext): Operator {
  const keep = node.filter as (value: unknown) => boolean;
  return stateless((batch) => {
    const { rows } = batch;
    const selection = new Int32Array(batch.count);
    const gone = mode === "upsert" && batch.kinds !== undefined ? new Goner(batch.kinds) : undefined;
    let count = 0;
    forEachRow(batch, context, (row) => {
      if (keep(rows.view(row)) || gone?.take(row) === true) selection[count++] = row;
    });
    const kept = gone === undefined ? batch : { ...batch, kinds: gone.kinds };
    if (count > 0) context.emit(RESULTS, count === batch.count ? kept : select(kept, selection, count));
  });
}

export function flatMapOperator(node: FlatMapNode, context: OperatorContext): Operator {
  const flatMap = node.flatMap as (value: unknown) => Iterable<unknown>;
  return stateless((batch) => {
    const out = new BatchBuilder();
    forEachRow(batch, context, (row) => {
      // All of a row's values or none: an iterator that throws halfway leaves nothing behind.
      const values = [...flatMap(batch.rows.get(row))];
      for (const value of values) out.add(value, batch.times[row], batch.stamps[row], batch.kinds?.[row] ?? 0);
    });
    if (out.count > 0) context.emit(RESULTS, out.take());
  });
}

/** Of rows that are updated, one that goes another way now is gone for those on the way that it went. */
export function branchOperator(node: BranchNode, mode: ChangeMode, context: OperatorContext): Operator {
  const branches = node.branches as readonly ((value: unknown) => boolean)[];
  return stateless((batch) => {
    const selections = Array.from({ length: branches.length + 1 }, () => new Int32Array(batch.count));
    const counts = selections.map(() => 0);
    const { kinds } = batch;
    const gone = mode === "upsert" && kinds !== undefined ? selections.map(() => new Goner(kinds)) : undefined;
    forEachRow(batch, context, (row) => {
      const view = batch.rows.view(row);
      let port = 0;
      while (port < branches.length && !branches[port](view)) port++;
      for (let other = 0; other < selections.length; other++) {
        if (other === port || gone?.[other].take(row) === true) selections[other][counts[other]++] = row;
      }
    });
    selections.forEach((selection, port) => {
      if (counts[port] > 0) context.emit(port, select(gone === undefined ? batch : { ...batch, kinds: gone[port].kinds }, selection, counts[port]));
    });
  });
}

export function mergeOperator(context: OperatorContext): Operator {
  return stateless((batch) => context.emit(RESULTS, batch));
}

/** The batch's times, stamps, kinds and keys in the order of the selection, without a selection. */
function compact(batch: Batch): Batch {
  if (batch.selection === undefined) return batch;
  const { count } = batch;
  const times = new Float64Array(count);
  const stamps = new Float64Array(count);
  const kinds = batch.kinds === undefined ? undefined : new Uint8Array(count);
  const slots = batch.keys === undefined ? undefined : new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const row = rowAt(batch, i);
    times[i] = batch.times[row];
    stamps[i] = batch.stamps[row];
    if (kinds !== undefined) kinds[i] = batch.kinds?.[row] ?? 0;
    if (slots !== undefined) slots[i] = batch.keys?.slots[row] ?? 0;
  }
  return { ...batch, selection: undefined, times, stamps, kinds, keys: batch.keys === undefined || slots === undefined ? undefined : { table: batch.keys.table, slots } };
}

/** The kinds of a batch, with updates made into deletes. */
class Goner {
  kinds: Uint8Array;
  readonly #given: Uint8Array;

  constructor(kinds: Uint8Array) {
    this.kinds = kinds;
    this.#given = kinds;
  }

  /** Makes a delete of an update; an insert says of nobody that he had the row. A delete stays one. */
  take(row: number): boolean {
    const kind = this.#given[row];
    const plain = kind & ~PROVISIONAL;
    if (plain === DELETE) return true;
    if (plain !== AFTER) return false;
    if (this.kinds === this.#given) this.kinds = this.#given.slice();
    this.kinds[row] = DELETE | (kind & PROVISIONAL);
    return true;
  }
}
