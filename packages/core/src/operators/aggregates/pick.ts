import type { ValueAggregate } from "../../graph/aggregate.ts";
import type { MaybeNumber, Picked } from "./inputs.ts";
import { compareKept, pack, readKept, unpack, writeKept, type Kept, type Packed } from "./packed.ts";

/**
 * What `input` gives for the earliest atom by event time. Of atoms with the same time it is the least
 * value (numbers by value, strings by code point, others by their encoding), so that neither arrival
 * nor cuts matter. Atoms for which it gives null or undefined are passed over; undefined of nothing.
 */
export function first<T, const R>(input: (value: T) => R): ValueAggregate<T, Kept | undefined, Picked<R>> {
  return byTime("first", -1, input);
}

/** What `input` gives for the latest atom by event time; of atoms with the same time the greatest value. Otherwise as `first`. */
export function last<T, const R>(input: (value: T) => R): ValueAggregate<T, Kept | undefined, Picked<R>> {
  return byTime("last", 1, input);
}

/**
 * What `input` gives for the atom with the smallest `by`; ties as in `first`. Atoms for which either
 * gives null, undefined or (`by`) NaN are passed over; undefined of nothing.
 */
export function minBy<T, const R, N extends MaybeNumber>(
  input: (value: T) => R,
  by: (value: T) => N,
): ValueAggregate<T, Scored | undefined, PickedBy<R, N>> {
  return byScore("min-by", -1, input, by);
}

/** What `input` gives for the atom with the largest `by`; ties as in `first`. Otherwise as `minBy`. */
export function maxBy<T, const R, N extends MaybeNumber>(
  input: (value: T) => R,
  by: (value: T) => N,
): ValueAggregate<T, Scored | undefined, PickedBy<R, N>> {
  return byScore("max-by", 1, input, by);
}

/** Undefined also where the score may be missing. */
type PickedBy<R, N extends MaybeNumber> = [N] extends [number] ? Picked<R> : NonNullable<R> | undefined;

/** A value on its way to where it competes. */
export interface Candidate {
  readonly packed: Packed;
  readonly score: number;
}

export interface Scored extends Kept {
  readonly score: number;
}

/** Reads value and score of an atom; undefined where one is missing. */
export function candidateInput<T>(input: (value: T) => unknown, by: (value: T) => MaybeNumber): (value: T) => Candidate | undefined {
  return (atom) => {
    const score = by(atom);
    if (score === null || score === undefined || score !== score) return undefined;
    const packed = pack(input(atom), atom);
    return packed === undefined ? undefined : { packed, score: score + 0 };
  };
}

function byTime<T, R>(name: string, sign: 1 | -1, input: (value: T) => unknown): ValueAggregate<T, Kept | undefined, R> {
  const better = (best: Kept | undefined, other: Kept): Kept =>
    best === undefined || sign * compareKept(other, best) > 0 ? other : best;
  return {
    form: "value",
    name,
    input: (atom) => pack(input(atom), atom),
    init: () => undefined,
    add: (best, packed: Packed, time) => (best !== undefined && sign * (time - best.time) < 0 ? best : better(best, { packed, time })),
    merge: (best, other) => (other === undefined ? best : better(best, other)),
    result: (best) => (best === undefined ? undefined : unpack(best.packed)) as R,
    encode(best, writer) {
      writer.u8(best === undefined ? 0 : 1);
      if (best !== undefined) writeKept(best, writer);
    },
    decode: (reader) => (reader.u8() === 0 ? undefined : readKept(reader)),
  };
}

function byScore<T, R>(
  name: string,
  sign: 1 | -1,
  input: (value: T) => unknown,
  by: (value: T) => MaybeNumber,
): ValueAggregate<T, Scored | undefined, R> {
  const better = (best: Scored | undefined, other: Scored): Scored => {
    if (best === undefined) return other;
    if (best.score !== other.score) return sign * (other.score - best.score) > 0 ? other : best;
    return compareKept(other, best) < 0 ? other : best;
  };
  return {
    form: "value",
    name,
    input: candidateInput(input, by),
    init: () => undefined,
    add: (best, { packed, score }: Candidate, time) => better(best, { packed, score, time }),
    merge: (best, other) => (other === undefined ? best : better(best, other)),
    result: (best) => (best === undefined ? undefined : unpack(best.packed)) as R,
    encode(best, writer) {
      writer.u8(best === undefined ? 0 : 1);
      if (best === undefined) return;
      writer.f64(best.score);
      writeKept(best, writer);
    },
    decode(reader) {
      if (reader.u8() === 0) return undefined;
      const score = reader.f64();
      return { ...readKept(reader), score };
    },
  };
}
