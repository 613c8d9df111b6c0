import type { Batch } from "../../contracts/batch.ts";
import { rowAt, select } from "../batches.ts";
import { forEachRow, readNumbers } from "../extract.ts";
import type { OperatorContext } from "../operator.ts";
import { takesNumbers, type Part } from "./layout.ts";

/** What a window's aggregates take of the rows of a batch, read before any state changes. */
export class WindowInputs {
  /** By part that takes numbers, then by selected row; NaN: nothing to add. */
  readonly numbers: Float64Array[] = [];
  /** By part that takes other values, then by selected row; undefined and null: nothing to add. */
  readonly values: unknown[][] = [];
  readonly #parts: readonly Part[];
  readonly #context: OperatorContext;
  #capacity = 0;

  constructor(parts: readonly Part[], context: OperatorContext) {
    this.#parts = parts;
    this.#context = context;
    for (const [p] of parts.entries()) {
      this.numbers[p] = new Float64Array(0);
      this.values[p] = [];
    }
  }

  /** Reads all rows; the result is the batch without those that failed. */
  read(batch: Batch): Batch {
    let rest = batch;
    for (let without = this.#readAll(rest); without !== undefined; without = this.#readAll(rest)) rest = without;
    return rest;
  }

  /** What a value part takes of a selected row; undefined and null: nothing. */
  value(p: number, i: number): unknown {
    if (!takesNumbers(this.#parts[p])) return this.values[p][i];
    const number = this.numbers[p][i];
    return number === number ? number : undefined;
  }

  /** Leaves a row out of what is added. */
  drop(i: number): void {
    for (const [p, part] of this.#parts.entries()) {
      if (takesNumbers(part)) this.numbers[p][i] = Number.NaN;
      else this.values[p][i] = undefined;
    }
  }

  /** Makes room for the inputs of so many rows. */
  reserve(count: number): void {
    if (count <= this.#capacity) return;
    this.#capacity = Math.max(count, 1024, this.#capacity * 2);
    for (const [p] of this.#parts.entries()) this.numbers[p] = new Float64Array(this.#capacity);
  }

  /** Of inputs that were put in for all rows, leaves those of the selected rows. */
  gather(selection: Int32Array, count: number): void {
    for (const [p] of this.#parts.entries()) {
      const numbers = this.numbers[p];
      const values = this.values[p];
      // A selection ascends, so that nothing is overwritten that is still wanted.
      for (let i = 0; i < count; i++) numbers[i] = numbers[selection[i]];
      if (values.length > 0) for (let i = 0; i < count; i++) values[i] = values[selection[i]];
    }
  }

  #readAll(batch: Batch): Batch | undefined {
    const { count, rows } = batch;
    this.reserve(count);
    for (const [p, part] of this.#parts.entries()) {
      const numbers = part.form === "numeric" ? part.input : part.number;
      if (numbers !== undefined) {
        const without = readNumbers(numbers, batch, this.numbers[p], this.#context);
        if (without !== undefined) return without;
        continue;
      }
      if (part.form === "numeric") {
        this.numbers[p].fill(1, 0, count);
        continue;
      }
      const inputs = this.values[p];
      const { input } = part.aggregate;
      const without = forEachRow(batch, this.#context, (row, i) => {
        inputs[i] = input(part.custom ? rows.get(row) : rows.view(row));
      });
      if (without !== undefined) return without;
    }
    return undefined;
  }
}

/** Gives late rows to an output and counts them; the result is the batch without them. */
export function withoutLate(batch: Batch, context: OperatorContext, port: number, isLate: (time: number, stamp: number) => boolean): Batch {
  const [late, rest] = divide(batch, isLate);
  if (late !== undefined) {
    context.late(late.count);
    context.emit(port, late);
  }
  return rest;
}

/** The rows for which `isLate` says true, if there are any, and the others. */
export function divide(batch: Batch, isLate: (time: number, stamp: number) => boolean): readonly [late: Batch | undefined, rest: Batch] {
  let late: Int32Array | undefined;
  let lateCount = 0;
  let rest: Int32Array | undefined;
  let count = 0;
  for (let i = 0; i < batch.count; i++) {
    const row = rowAt(batch, i);
    if (isLate(batch.times[row], batch.stamps[row])) {
      if (late === undefined || rest === undefined) {
        late = new Int32Array(batch.count - i);
        rest = new Int32Array(batch.count);
        for (; count < i; count++) rest[count] = rowAt(batch, count);
      }
      late[lateCount++] = row;
    } else if (rest !== undefined) {
      rest[count++] = row;
    }
  }
  return late === undefined || rest === undefined ? [undefined, batch] : [select(batch, late, lateCount), select(batch, rest, count)];
}
