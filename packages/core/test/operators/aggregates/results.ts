import type { AnyAggregate } from "../../../src/graph/aggregate.ts";
import { layoutOf } from "../../../src/operators/window/layout.ts";

/** An accumulator of an aggregate of any form. */
export interface Accumulated {
  readonly state: unknown;
  merge(other: Accumulated): Accumulated;
  result(): unknown;
}

/** Adds values, the nth at the event time that `time` says, by default n. */
export function addAll<T>(aggregate: AnyAggregate<T>, values: Iterable<T>, time: (value: T, n: number) => number = (_value, n) => n): Accumulated {
  const [part] = layoutOf([{ name: "tested", aggregate }], "operator under test");
  let n = 0;
  if (part.form === "numeric") {
    const { aggregate: numeric, input } = part;
    const state = new Float64Array(numeric.width);
    numeric.reset(state, 0);
    const numbers = Float64Array.from(values, (value) => (input === undefined ? 1 : (input.closure(value as never) ?? Number.NaN)));
    numeric.addMany(state, new Int32Array(numbers.length), numbers, 0, numbers.length);
    const made: Accumulated = {
      state,
      merge(other) {
        numeric.merge(state, 0, other.state as Float64Array, 0);
        return made;
      },
      result: () => numeric.result(state, 0),
    };
    return made;
  }
  const { aggregate: valued } = part;
  let state = valued.init();
  for (const value of values) {
    const input = valued.input(value);
    if (input !== null && input !== undefined) state = valued.add(state, input as never, time(value, n));
    n++;
  }
  const made: Accumulated = {
    get state() {
      return state;
    },
    merge(other) {
      state = valued.merge(state, other.state);
      return made;
    },
    result: () => valued.result(state),
  };
  return made;
}

/** What an aggregate gives of values. */
export function of<T>(aggregate: AnyAggregate<T>, values: Iterable<T>, time?: (value: T, n: number) => number): unknown {
  return addAll(aggregate, values, time).result();
}
