import type { NumericAggregate } from "../../graph/aggregate.ts";

type NumberOf<T> = (value: T) => number | null | undefined;

/** How many atoms; with a closure, how many for which it gives a number. */
export function count<T>(input?: NumberOf<T>): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "count",
    width: 1,
    input,
    reset: zero,
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] === values[i]) into[rows[i]]++;
    },
    merge: add,
    result: (state, at) => state[at],
  };
}

/** The sum; 0 of nothing. */
export function sum<T>(input: NumberOf<T>): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "sum",
    width: 1,
    input,
    reset: zero,
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value === value) into[rows[i]] += value;
      }
    },
    merge: add,
    result: (state, at) => state[at],
  };
}

/** The arithmetic mean; undefined of nothing. */
export function mean<T>(input: NumberOf<T>): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "mean",
    width: 2,
    input,
    reset(into, at) {
      into[at] = 0;
      into[at + 1] = 0;
    },
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value !== value) continue;
        const at = rows[i] * 2;
        into[at] += value;
        into[at + 1]++;
      }
    },
    merge(into, at, other, otherAt) {
      into[at] += other[otherAt];
      into[at + 1] += other[otherAt + 1];
    },
    result: (state, at) => state[at] / state[at + 1],
  };
}

/** The smallest number; Infinity of nothing. */
export function min<T>(input: NumberOf<T>): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "min",
    width: 1,
    input,
    reset(into, at) {
      into[at] = Infinity;
    },
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] < into[rows[i]]) into[rows[i]] = values[i];
    },
    merge(into, at, other, otherAt) {
      if (other[otherAt] < into[at]) into[at] = other[otherAt];
    },
    result: (state, at) => state[at],
  };
}

/** The largest number; -Infinity of nothing. */
export function max<T>(input: NumberOf<T>): NumericAggregate<T, number> {
  return {
    form: "numeric",
    name: "max",
    width: 1,
    input,
    reset(into, at) {
      into[at] = -Infinity;
    },
    addMany(into, rows, values, from, to) {
      for (let i = from; i < to; i++) if (values[i] > into[rows[i]]) into[rows[i]] = values[i];
    },
    merge(into, at, other, otherAt) {
      if (other[otherAt] > into[at]) into[at] = other[otherAt];
    },
    result: (state, at) => state[at],
  };
}

/**
 * The variance by Welford's method, merged as in Chan, Golub and LeVeque (1983). Population
 * variance, or with `{ sample: true }` the unbiased estimate; NaN of too few.
 */
export function variance<T>(input: NumberOf<T>, options: { readonly sample?: boolean } = {}): NumericAggregate<T, number> {
  const less = options.sample === true ? 1 : 0;
  return {
    form: "numeric",
    name: options.sample === true ? "sample-variance" : "variance",
    width: 3,
    input,
    reset(into, at) {
      into.fill(0, at, at + 3);
    },
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
    merge(into, at, other, otherAt) {
      const n = into[at] + other[otherAt];
      if (n === 0) return;
      const delta = other[otherAt + 1] - into[at + 1];
      into[at + 2] += other[otherAt + 2] + (delta * delta * into[at] * other[otherAt]) / n;
      into[at + 1] += (delta * other[otherAt]) / n;
      into[at] = n;
    },
    result: (state, at) => state[at + 2] / (state[at] - less),
  };
}

function zero(into: Float64Array, at: number): void {
  into[at] = 0;
}

function add(into: Float64Array, at: number, other: Float64Array, otherAt: number): void {
  into[at] += other[otherAt];
}
