import { ObjectRows } from "../../codec/formats/struct-rows.ts";
import { AFTER, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { RESULTS, type WindowNode } from "../../graph/nodes.ts";
import { BatchBuilder, batchOf, rowAt } from "../batches.ts";
import { rowIdentity } from "../keys.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { StateTable } from "../state/table.ts";
import { WindowInputs } from "./inputs.ts";
import { LatestRows, WHOLE_ROWS } from "./latest-rows.ts";
import { layoutOf, type Part } from "./layout.ts";
import { lastMoment } from "./open-windows.ts";

/**
 * `perWindow` over rows that are updated (early results, lateness): what was added cannot be taken
 * back from every aggregate, so the latest row of each key is kept, and the aggregates of a window
 * are computed anew at each commit that changed it. No row of it is late: those that were late have
 * gone to the late output of the window before.
 */
export class UpdatedWindowOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #node: WindowNode;
  readonly #size: number;
  readonly #context: OperatorContext;
  readonly #parts: readonly Part[];
  readonly #inputs: WindowInputs;
  readonly #rows = new LatestRows(WHOLE_ROWS);
  readonly #changed = new Set<number>();
  #watermark = -Infinity;

  constructor(node: WindowNode, size: number, context: OperatorContext) {
    this.#node = node;
    this.#size = size;
    this.#context = context;
    this.#parts = layoutOf(node.aggregates, context.subject);
    this.#inputs = new WindowInputs(this.#parts, context);
    this.tables = [this.#rows];
  }

  process(_input: number, batch: Batch): void {
    for (let i = 0; i < batch.count; i++) {
      const at = rowAt(batch, i);
      const row = batch.rows.get(at) as Readonly<Record<string, unknown>>;
      const end = endOf(batch.times[at]);
      if (end + this.#node.lateness <= this.#watermark) continue;
      this.#rows.set(end, rowIdentity(row), row);
      this.#changed.add(end);
    }
  }

  advance(watermark: number): void {
    this.#watermark = watermark;
    const due = this.#rows.ends().filter((end) => end + this.#node.lateness <= watermark).sort((a, b) => a - b);
    for (const end of due) {
      this.#emit(end, AFTER);
      this.#rows.drop(end);
      this.#changed.delete(end);
    }
  }

  restored(watermark: number): void {
    this.#watermark = watermark;
    for (const end of this.#rows.ends()) if (end + this.#node.lateness <= watermark) this.#rows.drop(end);
  }

  flush(): void {
    for (const end of this.#changed) this.#emit(end, AFTER | PROVISIONAL);
    this.#changed.clear();
  }

  #emit(end: number, kind: number): void {
    // In the order of their identities: what is merged does not depend on how the rows came.
    const rows = [...(this.#rows.at(end) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const time = lastMoment(end);
    const count = this.#read(end, rows, time);
    if (count === 0) return;
    const result: Record<string, unknown> = { window: { start: this.#size === Infinity ? -Infinity : end - this.#size, end } };
    for (const [p, part] of this.#parts.entries()) result[part.name] = this.#aggregate(part, p, count, time);
    const out = new BatchBuilder();
    out.add(result, time, lastMoment(end + this.#node.lateness), kind);
    this.#context.emit(RESULTS, out.take());
  }

  /** Reads what the aggregates need of the rows. Those that fail have gone to the dead letters, and go from the window. */
  #read(end: number, rows: readonly (readonly [string, unknown])[], time: number): number {
    const times = new Float64Array(rows.length).fill(time);
    const rest = this.#inputs.read(batchOf(new ObjectRows(rows.map(([, row]) => row)), times, times));
    if (rest.count < rows.length) {
      const read = new Set(Array.from({ length: rest.count }, (_, i) => rowAt(rest, i)));
      for (const [at, [identity]] of rows.entries()) if (!read.has(at)) this.#rows.delete(end, identity);
    }
    return rest.count;
  }

  #aggregate(part: Part, p: number, count: number, time: number): unknown {
    if (part.form === "numeric") {
      const { aggregate } = part;
      const accumulator = new Float64Array(aggregate.width);
      aggregate.reset(accumulator, 0);
      aggregate.addMany(accumulator, new Int32Array(count), this.#inputs.numbers[p], 0, count);
      return aggregate.result(accumulator, 0);
    }
    const { aggregate } = part;
    let accumulator: unknown = aggregate.init();
    for (let i = 0; i < count; i++) {
      const input = this.#inputs.value(p, i);
      if (input !== undefined && input !== null) accumulator = aggregate.add(accumulator, input as never, time);
    }
    return aggregate.result(accumulator);
  }
}

/** Rows that a window made carry its last millisecond as their time. */
function endOf(time: number): number {
  return time === lastMoment(Infinity) ? Infinity : time + 1;
}
