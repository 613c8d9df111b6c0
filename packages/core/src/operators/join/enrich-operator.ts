import { BEFORE, DELETE, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { RESULTS, type EnrichNode } from "../../graph/nodes.ts";
import { BatchBuilder, single } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { giveLate } from "./pairs.ts";
import { TimedRows } from "./timed-rows.ts";
import { Versions } from "./versions.ts";

const TABLE = 1;
/** Above so many values that wait for the table no more are taken in. */
const MOST_WAITING = 65_536;

/**
 * Gives each atom the row that a table had for its key at the atom's time. An atom waits until the
 * watermark of both inputs has passed its time, so that no change that counts is still to come: the
 * result depends on event times and stamps alone. A late atom (time before stamp) goes to the late
 * output; a late change is valid from its stamp on.
 */
export class EnrichOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #node: EnrichNode;
  readonly #keys: KeySpace;
  readonly #waiting: TimedRows;
  readonly #versions: Versions;

  constructor(node: EnrichNode, keys: KeySpace, context: OperatorContext) {
    this.#node = node;
    this.#keys = keys;
    this.#context = context;
    this.#waiting = new TimedRows("waiting", keys, 0);
    this.#versions = new Versions(keys);
    this.tables = [this.#waiting, this.#versions];
  }

  process(input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    if (input === TABLE) this.#change(batch, batch.keys.slots);
    else this.#wait(batch, batch.keys.slots);
  }

  advance(watermark: number): void {
    const enrich = this.#node.enrich as (value: unknown, row: unknown) => unknown;
    const out = new BatchBuilder();
    const slots: number[] = [];
    this.#waiting.expire(watermark, (slot, { time, value }) => {
      let result: unknown;
      try {
        result = enrich(value, this.#versions.at(slot, time));
      } catch (error) {
        this.#context.fail(single(value, time, time), 0, error);
        return;
      }
      out.add(result, time, time);
      slots.push(slot);
    });
    this.#versions.prune(watermark);
    if (out.count > 0) this.#context.emit(RESULTS, out.take({ table: this.#keys.table, slots: Int32Array.from(slots) }));
  }

  /** The table gives nothing by itself: what comes out is what waits, or comes in on the other side. */
  promises(first: number): number {
    return Math.min(first, this.#waiting.earliest);
  }

  overfull(first: number): boolean {
    return this.#waiting.size > MOST_WAITING && this.#waiting.earliest < first;
  }

  restored(watermark: number): void {
    this.#waiting.expire(watermark);
    this.#versions.prune(watermark);
  }

  #wait(batch: Batch, slots: Int32Array): void {
    const late: number[] = [];
    forEachRow(batch, this.#context, (at) => {
      if (batch.times[at] < batch.stamps[at]) late.push(at);
      else this.#waiting.add(slots[at], batch.times[at], batch.stamps[at], batch.rows.get(at));
    });
    giveLate(this.#context, 0, batch, late);
  }

  #change(batch: Batch, slots: Int32Array): void {
    const isDeleted = this.#node.deleted as ((row: unknown) => boolean) | undefined;
    forEachRow(batch, this.#context, (at) => {
      const kind = (batch.kinds?.[at] ?? 0) & ~PROVISIONAL;
      if (kind === BEFORE) return;
      const row = batch.rows.get(at);
      const gone = kind === DELETE || isDeleted?.(row) === true;
      this.#versions.set(slots[at], batch.times[at], batch.stamps[at], gone ? undefined : row);
    });
  }
}
