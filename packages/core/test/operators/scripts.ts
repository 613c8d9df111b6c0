import fc from "fast-check";
import type { ScriptRow, ScriptStep } from "../../src/testing/operator-run.ts";

/** An atom of a random script: its stamp follows from its split and the order there. */
export interface Atom {
  readonly key: string;
  readonly n: number;
  readonly time: number;
}

export type ScriptAtom = Atom & { readonly stamp: number };

/** What happens, and the atoms of it. */
export interface Script {
  readonly steps: readonly ScriptStep[];
  readonly atoms: readonly ScriptAtom[];
}

export interface ScriptOptions {
  readonly keyed?: boolean;
  readonly longest?: number;
  /** Times are drawn from 0 to this. */
  readonly latest?: number;
  /** The same atoms in another form. */
  readonly value?: (atom: Atom) => unknown;
}

/**
 * Scripts over one or two splits, out of order by more than the bound now and then, in batches of any
 * size, with watermarks that lag by any amount; at the end all input has been read.
 */
export function scripts(options: ScriptOptions = {}): fc.Arbitrary<Script> {
  const { keyed = true, longest = 30, latest = 100, value = (atom) => atom } = options;
  const atom = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    n: fc.integer({ min: -5, max: 9 }),
    time: fc.integer({ min: 0, max: latest }),
    split: fc.boolean(),
    ends: fc.boolean(),
    lag: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 }), fc.constant(Infinity)),
  });
  return fc
    .record({
      atoms: fc.array(atom, { maxLength: longest }),
      bounds: fc.tuple(fc.constantFrom(0, 5, 20), fc.constantFrom(0, 5, 40)),
      splits: fc.boolean(),
      drift: fc.constantFrom(0, 1, 3),
    })
    .map(({ atoms, bounds, splits, drift }) => {
      const largest = [-Infinity, -Infinity];
      const stamped = atoms.map((one, i) => {
        const split = splits && one.split ? 1 : 0;
        const time = one.time + i * drift;
        const stamp = largest[split] - bounds[split];
        largest[split] = Math.max(largest[split], time);
        return { key: one.key, n: one.n, time, stamp };
      });
      const steps: ScriptStep[] = [];
      let rows: ScriptRow[] = [];
      let watermark = -Infinity;
      stamped.forEach(({ stamp, ...plain }, i) => {
        rows.push({ value: value(plain), time: plain.time, stamp, ...(keyed ? { key: plain.key } : {}) });
        if (!atoms[i].ends) return;
        steps.push({ rows });
        rows = [];
        const next = Math.min(...stamped.slice(i + 1).map((later) => later.stamp), Infinity) - atoms[i].lag;
        if (i + 1 < stamped.length && next > watermark) steps.push({ watermark: (watermark = next) });
      });
      if (rows.length > 0) steps.push({ rows });
      steps.push({ watermark: Infinity });
      return { steps, atoms: stamped };
    });
}

/** The larger of two, in one order of all atoms, so that it does not matter which came first. */
export function larger<A extends Atom>(a: A, b: A): A {
  return (b.n - a.n || b.time - a.time || (b.key < a.key ? 1 : -1)) > 0 ? b : a;
}
