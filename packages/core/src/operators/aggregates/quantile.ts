import type { ValueAggregate } from "../../graph/aggregate.ts";
import { MillraceError } from "../../errors.ts";
import { distributionOf, type Distribution, type DistributionOptions } from "./distribution.ts";
import type { MaybeNumber, Measured } from "./inputs.ts";

/**
 * The q-quantile, q in 0..1, by linear interpolation of order statistics (type 7 of Hyndman and Fan
 * 1996); undefined of nothing, never NaN. Null, undefined and NaN are passed over. Exact with
 * `{ exact: true }` and while there are few distinct values; otherwise an estimate, which depends a
 * little on the order of the atoms. Throws MILLRACE_USAGE for another q.
 */
export function quantile<T, N extends MaybeNumber>(
  input: (value: T) => N,
  q: number,
  options: DistributionOptions = {},
): ValueAggregate<T, Distribution, Measured<N>> {
  if (!(q >= 0 && q <= 1)) throw new MillraceError("MILLRACE_USAGE", "aggregate quantile", `${q} is not in 0..1; the median is 0.5`);
  return distributionOf("quantile", input, options, (distribution) => read(distribution, q) as Measured<N>);
}

/** The middle value, the mean of the two middle ones of an even count; otherwise as `quantile`. */
export function median<T, N extends MaybeNumber>(
  input: (value: T) => N,
  options: DistributionOptions = {},
): ValueAggregate<T, Distribution, Measured<N>> {
  return distributionOf("median", input, options, (distribution) => read(distribution, 0.5) as Measured<N>);
}

/** Halfway between the two infinities is no number either. */
function read(distribution: Distribution, q: number): number | undefined {
  const value = distribution.quantile(q);
  return value === value ? value : undefined;
}
