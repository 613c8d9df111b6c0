import { RESULTS, type DistinctNode } from "../../graph/nodes.ts";
import type { Batch } from "../../contracts/batch.ts";
import { rowAt, select } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import { SeenForEver } from "./seen-for-ever.ts";
import { SeenKeys } from "./seen-keys.ts";

/**
 * Passes the first atom of each key on and drops later ones, for as long as keys are remembered: until
 * an atom's stamp says so, whatever the watermark has let go of already.
 */
export function distinctOperator(node: DistinctNode, keys: KeySpace, context: OperatorContext): Operator {
  return node.within === Infinity ? forEver(context) : within(node.within, keys, context);
}

function forEver(context: OperatorContext): Operator {
  const seen = new SeenForEver(context.keyGroups);
  return {
    tables: [seen],
    process(_input, batch) {
      const fresh = new Int32Array(batch.count);
      emitRows(batch, fresh, seen.addNew(batch, fresh), context);
    },
    advance: () => undefined,
  };
}

function within(duration: number, keys: KeySpace, context: OperatorContext): Operator {
  const seen = new SeenKeys(keys, duration);
  return {
    tables: [seen],
    process(_input, batch) {
      if (batch.keys === undefined) return;
      const { slots } = batch.keys;
      const fresh = new Int32Array(batch.count);
      let count = 0;
      for (let i = 0; i < batch.count; i++) {
        const row = rowAt(batch, i);
        if (seen.add(slots[row], batch.times[row] + duration, batch.stamps[row])) fresh[count++] = row;
      }
      emitRows(batch, fresh, count, context);
    },
    advance: (watermark) => seen.forget(watermark),
    restored: (watermark) => seen.forget(watermark),
  };
}

function emitRows(batch: Batch, rows: Int32Array, count: number, context: OperatorContext): void {
  if (count > 0) context.emit(RESULTS, count === batch.count ? batch : select(batch, rows, count));
}
