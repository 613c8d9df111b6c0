import assert from "node:assert/strict";
import fc from "fast-check";
import type { Batch } from "../../../src/contracts/batch.ts";
import { BatchBuilder } from "../../../src/operators/batches.ts";
import type { Operator } from "../../../src/operators/operator.ts";
import type { KeySpace } from "../../../src/operators/state/key-space.ts";
import { fakeContext, keySpace, withKeys, type EmittedRow, type FakeContext } from "../support.ts";

/** An atom of one side, with its stamp as its source gave it. */
export interface SideAtom {
  readonly name: string;
  readonly key: string;
  readonly time: number;
  readonly stamp: number;
}

/** Atoms of a side in arrival order, stamped as a source with this bound stamps them. */
export function side(name: string, bound: number, maxLength = 25): fc.Arbitrary<SideAtom[]> {
  return fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.integer({ min: 0, max: 60 })), { maxLength }).map((pairs) => {
    let largest = -Infinity;
    return pairs.map(([key, time], i) => {
      const stamp = largest - bound;
      largest = Math.max(largest, time);
      return { name: `${name}${i}`, key, time, stamp };
    });
  });
}

export interface Interleaving {
  /** Which side is fed next, and how many of its atoms at once. */
  readonly turns: readonly (readonly [side: number, count: number])[];
  /** Turns after which the state is saved and loaded into a new operator. */
  readonly restores: readonly number[];
}

export const interleavings: fc.Arbitrary<Interleaving> = fc.record({
  turns: fc.array(fc.tuple(fc.nat({ max: 1 }), fc.integer({ min: 1, max: 6 })), { maxLength: 30 }),
  restores: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
});

export interface Outcome {
  readonly results: EmittedRow[];
  readonly late: [string[], string[]];
  readonly dead: unknown[];
}

export type Make = (keys: KeySpace, context: FakeContext) => Operator;

/** Feeds two sides in some interleaving; the watermark is the smaller of the two sides' next stamps. */
export function run(make: Make, sides: readonly [readonly SideAtom[], readonly SideAtom[]], { turns, restores }: Interleaving): Outcome {
  const outcome: Outcome = { results: [], late: [[], []], dead: [] };
  let keys = keySpace();
  let context = fakeContext();
  let operator = make(keys, context);
  const blocks = new Map<string, Uint8Array[]>();
  const next = [0, 0];
  let watermark = -Infinity;
  const take = (): void => {
    for (const row of context.takeRows()) {
      // What is still to be judged downstream must not be below the watermark that downstream knows.
      assert.ok(row.stamp >= watermark, `a result has the stamp ${row.stamp} after the watermark ${watermark}`);
      outcome.results.push(row);
    }
    outcome.late[0].push(...context.takeRows(1).map(nameOf));
    outcome.late[1].push(...context.takeRows(2).map(nameOf));
    outcome.dead.push(...context.failures.splice(0).map(({ value }) => value));
  };
  const advance = (to: number): void => {
    if (to <= watermark) return;
    operator.advance(to);
    take();
    watermark = to;
  };
  const feed = (input: number, count: number): void => {
    const atoms = sides[input].slice(next[input], next[input] + count);
    next[input] += atoms.length;
    if (atoms.length > 0) operator.process(input, batchOfAtoms(atoms, keys));
    take();
    advance(Math.min(...sides.map((all, i) => (next[i] < all.length ? Math.min(...all.slice(next[i]).map(({ stamp }) => stamp)) : Infinity))));
  };
  const commit = (): void => {
    operator.flush?.();
    for (const table of operator.tables) {
      table.changes((group, bytes) => {
        const name = `${table.name}/${group}`;
        blocks.set(name, [...(blocks.get(name) ?? []), bytes.slice()]);
      });
    }
  };
  turns.forEach(([input, count], i) => {
    feed(input, count);
    commit();
    if (!restores.includes(i)) return;
    const before = operator;
    keys = keySpace();
    context = fakeContext();
    operator = make(keys, context);
    for (const [t, table] of operator.tables.entries()) {
      for (let group = 0; group < context.keyGroups; group++) {
        // Every other restore is from full blocks, which replace what was there.
        if (i % 2 === 0) {
          const full = before.tables[t].full(group);
          blocks.set(`${table.name}/${group}`, full === undefined ? [] : [full]);
        }
        for (const bytes of blocks.get(`${table.name}/${group}`) ?? []) table.load(group, bytes);
      }
    }
    operator.restored?.(watermark);
  });
  feed(0, Infinity);
  feed(1, Infinity);
  advance(Infinity);
  return outcome;
}

export function batchOfAtoms(atoms: readonly SideAtom[], keys: KeySpace): Batch {
  const builder = new BatchBuilder();
  for (const atom of atoms) builder.add(atom, atom.time, atom.stamp);
  const batch = builder.take();
  const slots = new Int32Array(batch.times.length);
  atoms.forEach(({ key }, row) => {
    slots[row] = keys.table.intern(key);
  });
  return { ...withKeys(batch, keys, () => "a"), keys: { table: keys.table, slots } };
}

/** Results as text: value, time and stamp, in an order of their own. */
export function told(rows: readonly EmittedRow[]): string[] {
  return rows.map(({ value, time, stamp }) => `${String(value)} at ${time} stamped ${stamp}`).sort();
}

function nameOf({ value }: EmittedRow): string {
  return (value as SideAtom).name;
}
