import type { Batch } from "../../contracts/batch.ts";
import type { JoinInterval, JoinNode } from "../../graph/nodes.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import { giveLate, Pairs } from "./pairs.ts";
import { TimedRows } from "./timed-rows.ts";

interface Side {
  readonly rows: TimedRows;
  /** Whether a row of it without a partner gives a result, once none can come. */
  readonly outer: boolean;
  /** A partner's time lies in [time - before, time + after]. */
  readonly before: number;
  readonly after: number;
}

/**
 * Pairs of one key whose times lie within an interval of each other, given once, when the second of
 * the two arrives, with the later of their times and of their stamps: what is given does not depend
 * on which came first. An atom is late when its time is before its stamp, that is, further behind
 * than its source's bound; every other one finds all its partners, as a row stays until the
 * watermark has passed the last time of a partner that is not late.
 */
export class IntervalJoin implements Operator {
  readonly tables: readonly TimedRows[];
  readonly #context: OperatorContext;
  readonly #sides: readonly [Side, Side];
  readonly #pairs: Pairs;

  constructor(node: JoinNode, { before, after }: JoinInterval, keys: KeySpace, context: OperatorContext) {
    this.#context = context;
    this.#pairs = new Pairs(node.by, context);
    this.#sides = [
      { rows: new TimedRows("left", keys, after), outer: node.join === "left" || node.join === "full", before, after },
      { rows: new TimedRows("right", keys, before), outer: node.join === "right" || node.join === "full", before: after, after: before },
    ];
    this.tables = this.#sides.map(({ rows }) => rows);
  }

  process(input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    const { slots } = batch.keys;
    const { times, stamps } = batch;
    const own = this.#sides[input === 0 ? 0 : 1];
    const other = this.#sides[input === 0 ? 1 : 0];
    const late: number[] = [];
    forEachRow(batch, this.#context, (at) => {
      const time = times[at];
      const stamp = stamps[at];
      if (time < stamp) {
        late.push(at);
        return;
      }
      const slot = slots[at];
      const row = own.rows.add(slot, time, stamp, batch.rows.get(at));
      other.rows.forRange(slot, time - own.before, time + own.after, (partner) => {
        if (own.outer) own.rows.match(slot, row);
        if (other.outer) other.rows.match(slot, partner);
        const [left, right] = input === 0 ? [row, partner] : [partner, row];
        this.#pairs.add(left.value, right.value, Math.max(time, partner.time), Math.max(stamp, partner.stamp));
      });
    });
    this.#pairs.emit();
    giveLate(this.#context, input, batch, late);
  }

  advance(watermark: number): void {
    const [left, right] = this.#sides;
    left.rows.expire(watermark, (_slot, row) => {
      if (left.outer && !row.matched) this.#pairs.add(row.value, undefined, row.time + left.after, row.time + left.after);
    });
    right.rows.expire(watermark, (_slot, row) => {
      if (right.outer && !row.matched) this.#pairs.add(undefined, row.value, row.time + right.after, row.time + right.after);
    });
    this.#pairs.emit();
  }

  restored(watermark: number): void {
    for (const { rows } of this.#sides) rows.expire(watermark);
  }
}
