import type { Aggregate } from "../../graph/aggregate.ts";
import type { VersionOptions } from "../../graph/version.ts";

/**
 * What the values are reduced to, two at a time, in no order that may be relied on: `reduce` must be
 * associative and commutative, and must not change its arguments.
 */
export function reducing<T>(reduce: (a: T, b: T) => T, versions: VersionOptions<T> = {}): Aggregate<T, readonly T[], T> {
  const together = (a: readonly T[], b: readonly T[]): readonly T[] => (a.length === 0 ? b : b.length === 0 ? a : [reduce(a[0], b[0])]);
  return {
    init: () => [],
    add: (accumulator, value) => together(accumulator, [value]),
    merge: together,
    result: (accumulator) => accumulator[0],
    ...(versions.version === undefined ? {} : { version: versions.version }),
    ...(versions.migrate === undefined ? {} : { migrate: (old, from) => (old as readonly unknown[]).map((value) => versions.migrate?.(value, from) as T) }),
  };
}
