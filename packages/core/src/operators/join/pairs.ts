import type { Batch } from "../../contracts/batch.ts";
import { LATE, LATE_RIGHT, RESULTS } from "../../graph/nodes.ts";
import { BatchBuilder, select, single } from "../batches.ts";
import type { OperatorContext } from "../operator.ts";

/** Results of more pairs than this go on in several batches. */
const BATCH_ROWS = 4096;

/**
 * Calls a join's closure and gathers the results. The unit of failure is the pair: one whose closure
 * throws goes to the dead letters as `{ left, right }`, whichever of the two came first, and the
 * other pairs of both are made.
 */
export class Pairs {
  readonly #context: OperatorContext;
  readonly #by: (left: unknown, right: unknown, window?: unknown) => unknown;
  readonly #out = new BatchBuilder();

  constructor(by: (left: never, right: never, window: never) => unknown, context: OperatorContext) {
    this.#by = by as (left: unknown, right: unknown, window?: unknown) => unknown;
    this.#context = context;
  }

  add(left: unknown, right: unknown, time: number, stamp: number, window?: unknown): void {
    let value: unknown;
    try {
      value = this.#by(left, right, window);
    } catch (error) {
      this.#context.fail(single({ left, right }, time, stamp), 0, error);
      return;
    }
    this.#out.add(value, time, stamp);
    if (this.#out.count >= BATCH_ROWS) this.emit();
  }

  emit(): void {
    if (this.#out.count > 0) this.#context.emit(RESULTS, this.#out.take());
  }
}

/** Counts rows of an input (0 left, 1 right) as late and gives them to its late output. */
export function giveLate(context: OperatorContext, input: number, batch: Batch, rows: readonly number[]): void {
  if (rows.length === 0) return;
  context.late(rows.length);
  context.emit(input === 0 ? LATE : LATE_RIGHT, select(batch, Int32Array.from(rows), rows.length));
}
