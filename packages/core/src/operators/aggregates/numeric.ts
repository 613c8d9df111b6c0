import type { NumericAggregate } from "../../graph/aggregate.ts";
import type { MaybeNumber, Measured } from "./inputs.ts";

/** How many atoms; with a closure, how many for which it gives a number. */
export function count<T>(input?: (value: T) => MaybeNumber): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "count",
    width: 1,
    input,
    reset: zero(1),
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] === values[i]) into[rows[i]]++;
    },
    retractMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] === values[i]) into[rows[i]]--;
    },
    merge(into, at, other, otherAt) {
      into[at] += other[otherAt];
    },
    result: (state, at) => state[at],
  };
}

/**
 * The sum, 0 of nothing. What rounding loses is kept beside it (the two-sum of Knuth, TAOCP 2, 4.2.2,
 * used as in Neumaier 1974), so that the order of atoms and merges hardly ever shows. An overflow or
 * an infinite summand gives what plain addition gives: NaN of infinities of both signs.
 */
export function sum<T>(input: (value: T) => MaybeNumber): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "sum",
    width: 2,
    input,
    reset: zero(2),
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value !== value) continue;
        const at = rows[i] * 2;
        const before = into[at];
        const after = before + value;
        const added = after - before;
        into[at] = after;
        into[at + 1] += before - (after - added) + (value - added);
      }
    },
    retractMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] === values[i]) takeFromSum(into, rows[i] * 2, values[i]);
    },
    merge: mergeSum,
    result: sumAt,
  };
}

/** The arithmetic mean of a sum as that of `sum`; undefined of nothing. */
export function mean<T, N extends MaybeNumber>(input: (value: T) => N): NumericAggregate<T, Measured<N>> {
  return {
    form: "numeric",
    name: "mean",
    width: 3,
    input,
    reset: zero(3),
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value !== value) continue;
        const at = rows[i] * 3;
        const before = into[at];
        const after = before + value;
        const added = after - before;
        into[at] = after;
        into[at + 1] += before - (after - added) + (value - added);
        into[at + 2]++;
      }
    },
    retractMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        if (values[i] !== values[i]) continue;
        takeFromSum(into, rows[i] * 3, values[i]);
        into[rows[i] * 3 + 2]--;
      }
    },
    merge(into, at, other, otherAt) {
      mergeSum(into, at, other, otherAt);
      into[at + 2] += other[otherAt + 2];
    },
    result: (state, at) => measured(sumAt(state, at) / state[at + 2]),
  };
}

/** The smallest number; undefined of nothing. */
export function min<T, N extends MaybeNumber>(input: (value: T) => N): NumericAggregate<T, Measured<N>> {
  return {
    form: "numeric",
    name: "min",
    width: 1,
    input,
    reset: nothing,
    addMany(into, rows, values, from, to) {
      // Negated, so that the NaN of nothing gives way, and the NaN of no input does not.
      for (let i = from; i < to; i++) if (values[i] === values[i] && !(values[i] >= into[rows[i]])) into[rows[i]] = values[i] + 0;
    },
    merge(into, at, other, otherAt) {
      if (other[otherAt] === other[otherAt] && !(other[otherAt] >= into[at])) into[at] = other[otherAt];
    },
    result: (state, at) => measured(state[at]),
  };
}

/** The largest number; undefined of nothing. */
export function max<T, N extends MaybeNumber>(input: (value: T) => N): NumericAggregate<T, Measured<N>> {
  return {
    form: "numeric",
    name: "max",
    width: 1,
    input,
    reset: nothing,
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] === values[i] && !(values[i] <= into[rows[i]])) into[rows[i]] = values[i] + 0;
    },
    merge(into, at, other, otherAt) {
      if (other[otherAt] === other[otherAt] && !(other[otherAt] <= into[at])) into[at] = other[otherAt];
    },
    result: (state, at) => measured(state[at]),
  };
}

/**
 * The variance by Welford's method, merged as in Chan, Golub and LeVeque (1979): the population's,
 * undefined of nothing, or with `{ sample: true }` the unbiased estimate, undefined of fewer than two.
 * The order of atoms and merges shows in the last digits.
 */
export function variance<T, N extends MaybeNumber>(
  input: (value: T) => N,
  options?: { readonly sample?: false },
): NumericAggregate<T, Measured<N>>;
export function variance<T>(
  input: (value: T) => MaybeNumber,
  options: { readonly sample?: boolean },
): NumericAggregate<T, number | undefined>;
export function variance<T>(
  input: (value: T) => MaybeNumber,
  options: { readonly sample?: boolean } = {},
): NumericAggregate<T, number | undefined> {
  const less = options.sample === true ? 1 : 0;
  return {
    form: "numeric",
    name: "moments",
    width: 3,
    input,
    reset: zero(3),
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value !== value) continue;
        const at = rows[i] * 3;
        const n = ++into[at];
        const delta = value - into[at + 1];
        into[at + 1] += delta / n;
        into[at + 2] += delta * (value - into[at + 1]);
      }
    },
    // Welford's step backwards.
    retractMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value !== value) continue;
        const at = rows[i] * 3;
        const n = --into[at];
        const delta = value - into[at + 1];
        if (n > 0) into[at + 1] -= delta / n;
        into[at + 2] = n > 0 ? Math.max(0, into[at + 2] - delta * (value - into[at + 1])) : 0;
        if (n === 0) into[at + 1] = 0;
      }
    },
    merge(into, at, other, otherAt) {
      const a = into[at];
      const b = other[otherAt];
      if (b === 0) return;
      const n = a + b;
      const delta = other[otherAt + 1] - into[at + 1];
      into[at + 2] += other[otherAt + 2] + delta * delta * ((a / n) * b);
      into[at + 1] = a === 0 ? other[otherAt + 1] : into[at + 1] + delta * (b / n);
      into[at] = n;
    },
    result: (state, at) => (state[at] > less ? measured(state[at + 2] / (state[at] - less)) : undefined),
  };
}

function zero(width: number): (into: Float64Array, at: number) => void {
  return (into, at) => {
    into.fill(0, at, at + width);
  };
}

function nothing(into: Float64Array, at: number): void {
  into[at] = Number.NaN;
}

function mergeSum(into: Float64Array, at: number, other: Float64Array, otherAt: number): void {
  const before = into[at];
  const value = other[otherAt];
  const after = before + value;
  const added = after - before;
  into[at] = after;
  into[at + 1] += other[otherAt + 1] + (before - (after - added) + (value - added));
}

function takeFromSum(into: Float64Array, at: number, value: number): void {
  const before = into[at];
  const after = before - value;
  const added = after - before;
  into[at] = after;
  into[at + 1] += before - (after - added) + (-value - added);
}

/** Once a sum has left the finite numbers, what rounding lost says nothing. */
function sumAt(state: Float64Array, at: number): number {
  return Number.isFinite(state[at]) ? state[at] + state[at + 1] : state[at];
}

/** A result is never NaN. The caller's type follows its closure's, see `Measured`. */
function measured<R extends number | undefined>(value: number): R {
  return (value === value ? value : undefined) as R;
}
