import { MillraceError } from "../../errors.ts";
import type { ValueAggregate } from "../../graph/aggregate.ts";
import { compareKept, pack, readKept, unpack, writeKept, type Kept, type Packed } from "./packed.ts";

export interface CollectOptions {
  /** How many values are kept at most, the earliest ones. Default: all of them. */
  readonly limit?: number;
}

/**
 * What `input` gives for each atom, in order of event time; at the same time by value (numbers by
 * value, strings by code point, others by their encoding), so that neither arrival nor cuts matter.
 * Atoms for which it gives null or undefined are passed over. Memory grows with the values, up to
 * twice the limit. Throws MILLRACE_USAGE where the limit is no positive integer.
 */
export function collect<T, const R>(
  input: (value: T) => R,
  options: CollectOptions = {},
): ValueAggregate<T, Kept[], readonly NonNullable<R>[]> {
  const { limit = Infinity } = options;
  if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw new MillraceError("MILLRACE_USAGE", "aggregate collect", `its limit is ${limit}; it has to be a positive integer, or leave it out`);
  }
  const most = 2 * limit + SLACK;
  return {
    form: "value",
    name: limit === Infinity ? "collect" : `collect-${limit}`,
    input: (atom) => pack(input(atom), atom),
    init: () => [],
    add(kept, packed: Packed, time) {
      kept.push({ packed, time });
      if (kept.length > most) trim(kept, limit);
      return kept;
    },
    merge(kept, other) {
      for (const one of other) kept.push(one);
      if (kept.length > most) trim(kept, limit);
      return kept;
    },
    // What the limit has cut off cannot come back.
    ...(limit < Infinity ? {} : { retract: takeBack }),
    result: (kept) => trim(kept, limit).map(({ packed }) => unpack(packed) as NonNullable<R>),
    encode(kept, writer) {
      writer.varint(trim(kept, limit).length);
      for (const one of kept) writeKept(one, writer);
    },
    decode(reader) {
      const kept: Kept[] = [];
      for (let left = reader.count(); left > 0; left--) kept.push(readKept(reader));
      return kept;
    },
  };
}

const SLACK = 64;

function takeBack(kept: Kept[], packed: never, time: number): Kept[] {
  const one: Kept = { packed, time };
  const at = kept.findIndex((other) => other.time === time && compareKept(other, one) === 0);
  if (at >= 0) kept.splice(at, 1);
  return kept;
}

function trim(kept: Kept[], limit: number): Kept[] {
  kept.sort(compareKept);
  if (kept.length > limit) kept.length = limit;
  return kept;
}
