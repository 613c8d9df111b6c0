export { MillraceError, ERROR_CODES } from "./errors.ts";
export type { ErrorCode } from "./errors.ts";
export { digest, countOf, maxOf, medianOf, mergeDigests, minOf, quantileOf } from "./operators/aggregates/digest.ts";
export type { Digest } from "./operators/aggregates/digest.ts";
export type { DistributionOptions } from "./operators/aggregates/distribution.ts";
export { median, quantile } from "./operators/aggregates/quantile.ts";
