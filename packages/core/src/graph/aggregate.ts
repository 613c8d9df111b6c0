import type { ByteReader, ByteWriter } from "../codec/bytes.ts";

/**
 * Anything that can be added up in parts: the parts are merged later, in any order. `add` and
 * `merge` may change and return the accumulator they are given, but must not change it and then throw.
 */
export interface Aggregate<in T, A, out R> {
  /** Only Millrace's own aggregates have one; its absence tells a plain one, to the compiler too. */
  readonly form?: undefined;
  init(): A;
  add(accumulator: A, value: T, time: number): A;
  merge(accumulator: A, other: A): A;
  result(accumulator: A): R;
  /** Takes a value back that was added: over input that changes, an aggregate without it is refused. May change and return the accumulator. */
  retract?(accumulator: A, value: T, time: number): A;
  /** Raised whenever accumulators change their shape or meaning; a whole number from 1 on. Default 1. */
  readonly version?: number;
  /** Makes an accumulator of an older version into one of this version. Without it, state of an older version is refused. */
  migrate?(accumulator: unknown, from: number): A;
}

/**
 * An aggregate that Millrace knows more of: the extraction apart from the adding (so that a throwing
 * closure never leaves half an update), a name and version that are kept with the state, and a codec.
 */
export interface ValueAggregate<in T, A, out R> {
  readonly form: "value";
  readonly name: string;
  /** Of what `encode` writes; state of another version is refused. Default 1. */
  readonly version?: number;
  /** What is added, from the value of the atom; null and undefined are passed over. */
  readonly input: (value: T) => unknown;
  /** What gives the number that `input` checks, where that adds numbers only: those of a column need no check. */
  readonly number?: (value: T) => number | null | undefined;
  init(): A;
  add(accumulator: A, input: never, time: number): A;
  merge(accumulator: A, other: A): A;
  result(accumulator: A): R;
  /** Takes back what was added; absent where that cannot be done exactly. */
  retract?(accumulator: A, input: never, time: number): A;
  encode(accumulator: A, writer: ByteWriter): void;
  decode(reader: ByteReader): A;
  /** Merges the accumulator that `encode` wrote, without making it. Default: `decode`, then `merge`. */
  mergeEncoded?(accumulator: A, reader: ByteReader): A;
}

/** An aggregate whose accumulator is `width` numbers in a shared array: the fast form. */
export interface NumericAggregate<in T, out R> {
  readonly form: "numeric";
  readonly name: string;
  /** Of the numbers of an accumulator; state of another version is refused. Default 1. */
  readonly version?: number;
  readonly width: number;
  /** The number that is added; null, undefined and NaN are passed over. Absent: nothing is read (count). */
  readonly input: ((value: T) => number | null | undefined) | undefined;
  /** Sets `width` numbers from `at` on to the empty accumulator. */
  reset(into: Float64Array, at: number): void;
  /** Adds values[i] (NaN: nothing to add) to the accumulator at rows[i] * width, for from <= i < to. */
  addMany(into: Float64Array, rows: Int32Array, values: Float64Array, from: number, to: number): void;
  /** Takes back what `addMany` added; absent where that cannot be done. */
  retractMany?(into: Float64Array, rows: Int32Array, values: Float64Array, from: number, to: number): void;
  /** Adds the accumulator at `otherAt` of `other` to the one at `at`. */
  merge(into: Float64Array, at: number, other: Float64Array, otherAt: number): void;
  result(from: Float64Array, at: number): R;
}

export type AnyAggregate<T = never, R = unknown> =
  | Aggregate<T, unknown, R>
  | ValueAggregate<T, unknown, R>
  | NumericAggregate<T, R>;

/** Aggregates by name, computed together over the same atoms. */
export type AggregateShape<T> = Readonly<Record<string, AnyAggregate<T>>>;

export type ResultOf<G> = G extends { result(...args: never[]): infer R } ? R : never;

/** The fields that an aggregate shape gives. */
export type Results<S> = { readonly [Name in keyof S]: ResultOf<S[Name]> };
