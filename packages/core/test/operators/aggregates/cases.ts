import { ByteReader, ByteWriter } from "../../../src/codec/bytes.ts";
import type { AnyAggregate } from "../../../src/graph/aggregate.ts";
import { collect } from "../../../src/operators/aggregates/collect.ts";
import { digest, mergeDigests } from "../../../src/operators/aggregates/digest.ts";
import { distinctCount } from "../../../src/operators/aggregates/distinct-count.ts";
import { count, max, mean, min, sum, variance } from "../../../src/operators/aggregates/numeric.ts";
import { first, last, maxBy, minBy } from "../../../src/operators/aggregates/pick.ts";
import { median, quantile } from "../../../src/operators/aggregates/quantile.ts";
import { topK } from "../../../src/operators/aggregates/top-k.ts";
import { layoutOf, type Part } from "../../../src/operators/window/layout.ts";

/** What the tested aggregates read: few different numbers and texts, so that there are ties. */
export interface Atom {
  readonly place: string;
  readonly amount: number | null;
  readonly text: string | undefined;
  readonly time: number;
}

const numbers = digest((atom: Atom) => atom.amount);
const exactNumbers = digest((atom: Atom) => atom.amount, { exact: true });

/** A digest of one atom; of places that begin with "b" an exact one. */
function digestOf(atom: Atom): ReturnType<typeof numbers.result> {
  const aggregate = atom.place.startsWith("b") ? exactNumbers : numbers;
  const amount = aggregate.input(atom);
  const state = aggregate.init();
  return aggregate.result(amount === undefined ? state : aggregate.add(state, amount as never, 0));
}

/** A plain aggregate as a user would write it: the longest text and how many atoms there were. */
const custom = {
  init: () => ({ longest: "", atoms: 0 }),
  add: (state: { longest: string; atoms: number }, atom: Atom) => ({
    longest: longer(state.longest, atom.text ?? ""),
    atoms: state.atoms + 1,
  }),
  merge: (state: { longest: string; atoms: number }, other: { longest: string; atoms: number }) => ({
    longest: longer(state.longest, other.longest),
    atoms: state.atoms + other.atoms,
  }),
  result: (state: { longest: string; atoms: number }) => `${state.atoms}: ${state.longest}`,
};

/** Every aggregate, in each of its forms. */
export const AGGREGATES = {
  count: count<Atom>(),
  countOfAmounts: count((atom: Atom) => atom.amount),
  sum: sum((atom: Atom) => atom.amount),
  mean: mean((atom: Atom) => atom.amount),
  min: min((atom: Atom) => atom.amount),
  max: max((atom: Atom) => atom.amount),
  variance: variance((atom: Atom) => atom.amount),
  sampleVariance: variance((atom: Atom) => atom.amount, { sample: true }),
  median: median((atom: Atom) => atom.amount),
  p90: quantile((atom: Atom) => atom.amount, 0.9),
  exactMedian: median((atom: Atom) => atom.amount, { exact: true }),
  exactDigest: digest((atom: Atom) => atom.amount, { exact: true }),
  digests: mergeDigests(digestOf),
  distinct: distinctCount((atom: Atom) => atom.text),
  coarseDistinct: distinctCount((atom: Atom) => atom.amount, { precision: 4 }),
  exactDistinct: distinctCount((atom: Atom) => [atom.place, atom.text ?? null], { exact: true }),
  exactTexts: distinctCount((atom: Atom) => atom.text, { exact: true }),
  top: topK((atom: Atom) => atom, 3, (atom) => atom.amount),
  first: first((atom: Atom) => atom.text),
  last: last((atom: Atom) => atom),
  least: minBy((atom: Atom) => atom.text, (atom) => atom.amount),
  most: maxBy((atom: Atom) => ({ ...atom, nested: [atom.text] }), (atom) => atom.amount),
  all: collect((atom: Atom) => atom),
  earliest: collect((atom: Atom) => atom.text, { limit: 2 }),
  custom,
} as const;

/** Aggregates whose answers rounding may change in the last digits. */
export const ROUNDED: ReadonlySet<string> = new Set(["variance", "sampleVariance"]);

/** Drives one aggregate of any form as the window operators do. */
export interface Driver<S = unknown> {
  init(): S;
  add(state: S, atom: Atom): S;
  merge(state: S, other: S): S;
  result(state: S): unknown;
  encode(state: S): Uint8Array;
  decode(bytes: Uint8Array): S;
}

export function driverOf(aggregate: AnyAggregate<Atom>): Driver {
  const [part] = layoutOf([{ name: "tested", aggregate }], "operator under test");
  return part.form === "numeric" ? numericDriver(part) : valueDriver(part);
}

function numericDriver({ aggregate, input }: Part & { form: "numeric" }): Driver<Float64Array> {
  const { width } = aggregate;
  // Not at the start of the arrays, so that offsets count.
  const at = 2;
  return {
    init() {
      const state = new Float64Array(width * (at + 1)).fill(7);
      aggregate.reset(state, width * at);
      return state;
    },
    add(state, atom) {
      const read = input?.closure as ((value: Atom) => number | null | undefined) | undefined;
      aggregate.addMany(state, Int32Array.of(0, at), Float64Array.of(5, read === undefined ? 1 : (read(atom) ?? Number.NaN)), 1, 2);
      return state;
    },
    merge(state, other) {
      aggregate.merge(state, width * at, other, width * at);
      return state;
    },
    result: (state) => aggregate.result(state, width * at),
    encode(state) {
      const writer = new ByteWriter();
      writer.f64Array(state.slice(width * at));
      return writer.take();
    },
    decode(bytes) {
      const state = new Float64Array(width * (at + 1)).fill(7);
      state.set(new ByteReader(bytes).f64Array(width), width * at);
      return state;
    },
  };
}

function valueDriver({ aggregate }: Part & { form: "value" }): Driver {
  return {
    init: () => aggregate.init(),
    add(state, atom) {
      const input = aggregate.input(atom);
      return input === null || input === undefined ? state : aggregate.add(state, input as never, atom.time);
    },
    merge: (state, other) => aggregate.merge(state, other),
    result: (state) => aggregate.result(state),
    encode(state) {
      const writer = new ByteWriter();
      aggregate.encode(state, writer);
      return writer.take();
    },
    decode(bytes) {
      const reader = new ByteReader(bytes);
      const state = aggregate.decode(reader);
      if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes were not read`);
      return state;
    },
  };
}

function longer(a: string, b: string): string {
  if (a.length !== b.length) return a.length > b.length ? a : b;
  return a < b ? a : b;
}
