import type { Batch, BatchKeys, Rows } from "../contracts/batch.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";

/** The row of the columns that the `i`th selected row of a batch is. */
export function rowAt(batch: Batch, i: number): number {
  return batch.selection === undefined ? i : (batch.selection[i] ?? -1);
}

/** The batch with other rows selected; `selection` holds rows of the columns. */
export function select(batch: Batch, selection: Int32Array, count: number): Batch {
  return { ...batch, selection, count };
}

/** The batch with no stamp below `floor`. */
export function stampedFrom(floor: number, batch: Batch): Batch {
  let i = 0;
  while (i < batch.count && !(batch.stamps[rowAt(batch, i)] < floor)) i++;
  if (i === batch.count) return batch;
  return { ...batch, stamps: batch.stamps.map((stamp) => (stamp < floor ? floor : stamp)) };
}

/** Builds a batch row by row. */
export class BatchBuilder {
  #values: unknown[] = [];
  #times = new Float64Array(64);
  #stamps = new Float64Array(64);
  #kinds: Uint8Array | undefined;

  get count(): number {
    return this.#values.length;
  }

  add(value: unknown, time: number, stamp: number, kind = 0): void {
    const at = this.#values.length;
    if (at === this.#times.length) this.#grow();
    this.#values.push(value);
    this.#times[at] = time;
    this.#stamps[at] = stamp;
    if (kind !== 0 && this.#kinds === undefined) this.#kinds = new Uint8Array(this.#times.length);
    if (this.#kinds !== undefined) this.#kinds[at] = kind;
  }

  /** The rows so far as a batch; the builder is empty afterwards. */
  take(keys?: BatchKeys): Batch {
    const batch: Batch = {
      count: this.#values.length,
      selection: undefined,
      rows: new ObjectRows(this.#values),
      times: this.#times,
      stamps: this.#stamps,
      kinds: this.#kinds,
      keys,
    };
    this.#values = [];
    this.#times = new Float64Array(64);
    this.#stamps = new Float64Array(64);
    this.#kinds = undefined;
    return batch;
  }

  #grow(): void {
    const length = this.#times.length * 2;
    this.#times = widened(this.#times, new Float64Array(length));
    this.#stamps = widened(this.#stamps, new Float64Array(length));
    if (this.#kinds !== undefined) this.#kinds = widened(this.#kinds, new Uint8Array(length));
  }
}

/** A batch over given rows, one time and stamp each. */
export function batchOf(rows: Rows, times: Float64Array, stamps: Float64Array): Batch {
  return { count: rows.length, selection: undefined, rows, times, stamps, kinds: undefined, keys: undefined };
}

/** A batch of one row, as `context.fail` takes it. */
export function single(value: unknown, time: number, stamp: number): Batch {
  return batchOf(new ObjectRows([value]), Float64Array.of(time), Float64Array.of(stamp));
}

function widened<A extends Float64Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
