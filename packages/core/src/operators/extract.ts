import type { Batch } from "../contracts/batch.ts";
import { rowAt, select } from "./batches.ts";
import type { OperatorContext } from "./operator.ts";

/** What a closure reads of a value, found once: a plain field, which can be taken from its column, or anything. */
export interface Extract<R> {
  readonly closure: (value: never) => R;
  /** The field, where the closure is no more than `(value) => value.field`. */
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
export function forEachRow(batch: Batch, context: OperatorContext, visit: (row: number, i: number) => void): Batch | undefined {
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
 * The field that a closure reads and returns unchanged, found by calling it once with a probe.
 * A closure that does anything else, or throws on the probe, has none.
 */
function fieldOf(closure: (value: never) => unknown): string | undefined {
  const fields: string[] = [];
  const token = Object.freeze(Object.create(null) as object);
  const probe = new Proxy(Object.create(null) as object, {
    get(_target, name): unknown {
      fields.push(typeof name === "string" ? name : "");
      return token;
    },
    has(): boolean {
      throw new TypeError("a probe has no fields");
    },
    ownKeys(): string[] {
      throw new TypeError("a probe has no fields");
    },
  });
  try {
    const result = closure(probe as never);
    return result === token && fields.length === 1 ? fields[0] : undefined;
  } catch {
    return undefined;
  }
}
