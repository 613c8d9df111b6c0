import { RESULTS, type DistinctNode } from "../../graph/nodes.ts";
import { rowAt, select } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import { SeenForEver } from "./seen-for-ever.ts";
import { SeenKeys, type Seen } from "./seen-keys.ts";

/**
 * Passes the first atom of each key on and drops later ones, for as long as keys are remembered: until
 * an atom's stamp says so, whatever the watermark has let go of already.
 */
export function distinctOperator(node: DistinctNode, keys: KeySpace, context: OperatorContext): Operator {
  const seen: Seen = node.within === Infinity ? new SeenForEver(keys) : new SeenKeys(keys, node.within);
  return {
    tables: [seen],
    process(_input, batch) {
      if (batch.keys === undefined) return;
      const { slots } = batch.keys;
      const selection = new Int32Array(batch.count);
      let count = 0;
      for (let i = 0; i < batch.count; i++) {
        const row = rowAt(batch, i);
        if (seen.add(slots[row], batch.times[row] + node.within, batch.stamps[row])) selection[count++] = row;
      }
      if (count > 0) context.emit(RESULTS, count === batch.count ? batch : select(batch, selection, count));
    },
    advance: (watermark) => seen.forget(watermark),
    restored: (watermark) => seen.forget(watermark),
  };
}
