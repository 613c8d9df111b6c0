import type { Batch } from "../contracts/batch.ts";
import { rowAt, select } from "./batches.ts";
import type { OperatorContext } from "./operator.ts";

/** What a closure reads of a value, found once: a plain field, which can be taken from its column, or anything. */
export interface Extract<R> {
  readonly closure: (value: never) => R;
  /** The field, where the closure is written as no more than `(value) => value.field`. */
  readonly field: string | undefined;
}

export function extract<R>(closure: (value: never) => R): Extract<R> {
  return { closure, field: fieldOf(closure) };
}

/**
 * Reads a number of each selected row into `into` (NaN: none). Rows whose closure throws go to the
 * dead letters; the result is the batch without them, for which the caller starts again, or
 * undefined when every row was read.
 */
export function readNumbers(
  extraction: Extract<number | null | undefined>,
  batch: Batch,
  into: Float64Array,
  context: OperatorContext,
): Batch | undefined {
  const { selection, count, rows } = batch;
  const column = extraction.field === undefined ? undefined : rows.column(extraction.field);
  if (column?.type === "number") {
    const { values, valid } = column;
    if (selection === undefined) into.set(count === values.length ? values : values.subarray(0, count));
    else for (let i = 0; i < count; i++) into[i] = values[selection[i]];
    if (valid !== undefined) for (let i = 0; i < count; i++) if (valid[rowAt(batch, i)] === 0) into[i] = Number.NaN;
    return undefined;
  }
  const read = extraction.closure as (value: unknown) => number | null | undefined;
  return forEachRow(batch, context, (row, i) => {
    into[i] = read(rows.view(row)) ?? Number.NaN;
  });
}

/**
 * Calls `visit` for each selected row; a row for which it throws goes to the dead letters. The
 * result is the batch without such rows, or undefined when there was none.
 */
export function forEachRow(batch: Batch, context: Pick<OperatorContext, "fail">, visit: (row: number, i: number) => void): Batch | undefined {
  let failed: Set<number> | undefined;
  for (let from = 0; from < batch.count; ) {
    let i = from;
    try {
      for (; i < batch.count; i++) visit(rowAt(batch, i), i);
      break;
    } catch (error) {
      context.fail(batch, rowAt(batch, i), error);
      failed ??= new Set();
      failed.add(i);
      from = i + 1;
    }
  }
  if (failed === undefined) return undefined;
  const selection = new Int32Array(batch.count - failed.size);
  let count = 0;
  for (let i = 0; i < batch.count; i++) if (!failed.has(i)) selection[count++] = rowAt(batch, i);
  return select(batch, selection, count);
}

/**
 * The field that a closure returns, told by its text: `(o) => o.speed`, `({ speed }) => speed`, or the
 * same as a function. Calling it with a probe would not tell: `(o) => o.speed ?? 0` returns what it reads.
 */
function fieldOf(closure: (value: never) => unknown): string | undefined {
  const text = Function.prototype.toString.call(closure);
  for (const form of FORMS) {
    const field = form.exec(text)?.groups?.["field"];
    if (field !== undefined) return field;
  }
  return undefined;
}

const FORMS: readonly RegExp[] = [
  /^\(?\s*(?<row>[\w$]+)\s*\)?\s*=>\s*\k<row>\s*\.\s*(?<field>[\w$]+)\s*$/,
  /^\(\s*\{\s*(?<field>[\w$]+)\s*\}\s*\)\s*=>\s*\k<field>\s*$/,
  /^function\s*[\w$]*\s*\(\s*(?<row>[\w$]+)\s*\)\s*\{\s*return\s+\k<row>\s*\.\s*(?<field>[\w$]+)\s*;?\s*\}$/,
];
