import type { ValueAggregate } from "../../graph/aggregate.ts";
import { TopK } from "../../sketches/top-k.ts";
import type { MaybeNumber } from "./inputs.ts";
import { compareKept, readKept, unpack, writeKept, type Kept } from "./packed.ts";
import { candidateInput, type Candidate } from "./pick.ts";

/**
 * What `input` gives for the `k` atoms with the largest `by`, best first; of equal scores the earlier
 * event time, then the lesser value, so that neither arrival nor cuts matter. For the smallest, negate
 * `by`. Atoms for which either gives null, undefined or (`by`) NaN are passed over. Throws MILLRACE_USAGE
 * where `k` is no positive integer.
 */
export function topK<T, const R>(
  input: (value: T) => R,
  k: number,
  by: (value: T) => MaybeNumber,
): ValueAggregate<T, TopK<Kept, Kept>, readonly NonNullable<R>[]> {
  const make = (): TopK<Kept, Kept> => new TopK(k, compareKept);
  // Made once here so that a `k` that cannot be is refused where it was written.
  make();
  return {
    form: "value",
    name: `top-${k}`,
    input: candidateInput(input, by),
    init: make,
    add(best, { packed, score }: Candidate, time) {
      const kept: Kept = { packed, time };
      best.offer(score, kept, kept);
      return best;
    },
    merge(best, other) {
      best.merge(other);
      return best;
    },
    result: (best) => best.items().map(({ item }) => unpack(item.packed) as NonNullable<R>),
    encode(best, writer) {
      writer.varint(best.size);
      for (const { score, item } of best.items()) {
        writer.f64(score);
        writeKept(item, writer);
      }
    },
    decode(reader) {
      const best = make();
      for (let left = reader.count(); left > 0; left--) {
        const score = reader.f64();
        const kept = readKept(reader);
        best.offer(score, kept, kept);
      }
      return best;
    },
  };
}
