import { MillraceError } from "../../errors.ts";

/** What a closure may say where an atom has no number. */
export type MaybeNumber = number | null | undefined;

/**
 * The result of an aggregate that is undefined of nothing: a number where the closure always gives
 * one, since a window without atoms has no row. NaN counts as nothing, which types cannot tell.
 */
export type Measured<N extends MaybeNumber> = [N] extends [number] ? number : number | undefined;

/** The result of an aggregate that gives one of its inputs: undefined only where the closure may give none. */
export type Picked<R> = [R] extends [NonNullable<R>] ? R : NonNullable<R> | undefined;

/**
 * Reads numbers for a value aggregate: null, undefined and NaN are passed over, anything else that
 * is no number throws MILLRACE_SCHEMA, so that the atom becomes a dead letter.
 */
export function numberInput<T>(aggregate: string, input: (value: T) => MaybeNumber): (value: T) => number | undefined {
  return (value) => {
    const x = input(value);
    if (typeof x === "number") return x === x ? x : undefined;
    if (x === null || x === undefined) return undefined;
    throw new MillraceError("MILLRACE_SCHEMA", `aggregate ${aggregate}`, `its closure gave a ${typeof x}, not a number; convert it or declare the field as a number`);
  };
}
