import { ObjectRows } from "../codec/formats/struct-rows.ts";
import type { Batch } from "../contracts/batch.ts";
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

export function filterOperator(node: FilterNode, context: OperatorContext): Operator {
  const keep = node.filter as (value: unknown) => boolean;
  return stateless((batch) => {
    const { rows } = batch;
    const selection = new Int32Array(batch.count);
    let count = 0;
    forEachRow(batch, context, (row) => {
      if (keep(rows.view(row))) selection[count++] = row;
    });
    if (count > 0) context.emit(RESULTS, count === batch.count ? batch : select(batch, selection, count));
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

export function branchOperator(node: BranchNode, context: OperatorContext): Operator {
  const branches = node.branches as readonly ((value: unknown) => boolean)[];
  return stateless((batch) => {
    const selections = Array.from({ length: branches.length + 1 }, () => new Int32Array(batch.count));
    const counts = selections.map(() => 0);
    forEachRow(batch, context, (row) => {
      const view = batch.rows.view(row);
      let port = 0;
      while (port < branches.length && !branches[port](view)) port++;
      selections[port][counts[port]++] = row;
    });
    selections.forEach((selection, port) => {
      if (counts[port] > 0) context.emit(port, select(batch, selection, counts[port]));
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
