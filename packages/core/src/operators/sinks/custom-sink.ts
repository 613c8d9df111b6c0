import { AFTER, DELETE, INSERT, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import type { SinkRow } from "../../contracts/sink.ts";
import type { Sink } from "../../graph/refs.ts";
import { single } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import { callWithRetries } from "../map-async/attempts.ts";
import { CallKeys } from "../map-async/idempotency.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { StepAbandoned } from "../stopping.ts";

/**
 * Writes rows outside, in order. Its stage is its own: what it writes was committed by the stage
 * before, and is forgotten there once its own commit says that it was written.
 */
export class CustomSink implements Operator {
  readonly tables = [];
  readonly #sink: Sink<unknown>;
  readonly #context: OperatorContext;
  readonly #keys: CallKeys;
  #rows: SinkRow<unknown>[] = [];

  constructor(sink: Sink<unknown>, context: OperatorContext) {
    this.#sink = sink;
    this.#context = context;
    this.#keys = new CallKeys(context.address, undefined);
  }

  process(_input: number, batch: Batch): void {
    forEachRow(batch, this.#context, (at) => {
      const kind = batch.kinds?.[at] ?? INSERT;
      const plain = kind & ~PROVISIONAL;
      // A topic of finals takes no deletes either: what was never final cannot be taken away.
      if (!this.#sink.changes && (kind !== plain || plain === DELETE)) return;
      if (plain !== INSERT && plain !== AFTER && plain !== DELETE) return;
      const value = batch.rows.get(at);
      const time = batch.times[at];
      const change = plain === INSERT ? "insert" : plain === AFTER ? "update" : "delete";
      this.#rows.push({ value, time, change, key: this.#keys.of([change, value], time) });
    });
  }

  advance(): void {}

  holdsBack(): boolean {
    return this.#rows.length > 0;
  }

  saturated(): boolean {
    return this.#rows.length >= this.#sink.rows;
  }

  async settle(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    for (let from = 0; from < rows.length; from += this.#sink.rows) await this.#write(rows.slice(from, from + this.#sink.rows));
  }

  /** Rows that are refused together are tried one by one, so that only those go to the dead letters that are bad themselves. */
  async #write(rows: readonly SinkRow<unknown>[]): Promise<void> {
    try {
      await callWithRetries((signal, attempt) => this.#sink.write(rows, { signal, attempt }), this.#sink, rows[0].key, this.#context);
    } catch (error) {
      if (error instanceof StepAbandoned) throw error;
      if (rows.length > 1) {
        for (const row of rows) await this.#write([row]);
        return;
      }
      const [{ value, time }] = rows;
      this.#context.fail(single(value, time, time), 0, error);
    }
  }
}
