import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ObjectRows } from "../../../src/codec/formats/struct-rows.ts";
import { AFTER, DELETE, PROVISIONAL } from "../../../src/contracts/batch.ts";
import type { WindowNode } from "../../../src/graph/nodes.ts";
import { session } from "../../../src/graph/window.ts";
import { collect } from "../../../src/operators/aggregates/collect.ts";
import { count, sum } from "../../../src/operators/aggregates/numeric.ts";
import { reducing } from "../../../src/operators/aggregates/reducing.ts";
import { batchOf } from "../../../src/operators/batches.ts";
import type { Operator, OperatorContext } from "../../../src/operators/operator.ts";
import { SessionOperator } from "../../../src/operators/session/session-operator.ts";
import type { KeySpace } from "../../../src/operators/state/key-space.ts";
import { finalsOf, tableOf, type OperatorOutput, type ScriptStep } from "../../../src/testing/operator-run.ts";
import { verifyOperator } from "../../../src/testing/verify-operator.ts";
import { cutInTwo } from "../cut-in-two.ts";
import { fakeContext } from "../support.ts";
import { larger, scripts, type Atom, type Script, type ScriptAtom } from "../scripts.ts";

const GAP = 10;

const numeric = { total: sum((atom: Atom) => atom.n), count: count() };
const anyForm = { ...numeric, all: collect((atom: Atom) => atom.n), most: reducing(larger<Atom>) };

function nodeOf(shape: object, lateness: number, early = Infinity): WindowNode {
  const aggregates = Object.entries(shape).map(([name, aggregate]) => ({ name, aggregate: aggregate as never }));
  return { kind: "window", window: session(GAP), aggregates, lateness, early };
}

function sessions(node: WindowNode, keyed: boolean) {
  return (role: "whole" | "combine" | "merge") => (keys: KeySpace, context: OperatorContext): Operator =>
    new SessionOperator(node, GAP, role, keyed ? keys : undefined, context);
}

for (const lateness of [0, 4, 30]) {
  for (const keyed of [true, false]) {
    for (const [form, shape] of Object.entries({ numbers: numeric, "any form": anyForm })) {
      test(`sessions of ${form}, lateness ${lateness}, ${keyed ? "per key" : "over all keys"}: as brute force, however they are run and cut`, () => {
        const make = sessions(nodeOf(shape, lateness), keyed);
        const given = lateness > 0 ? { identity: rowName } : {};
        fc.assert(
          fc.property(fc.oneof(scripts({ keyed, latest: 60 }), scripts({ keyed, latest: 300 })), (script) => {
            const expected = bruteForce(script, lateness, keyed);
            for (const one of [make("whole"), cutInTwo(make)]) {
              const out = verifyOperator({ make: one, ...given }, script.steps);
              assert.deepEqual(resultsOf(out, finalsOf), expected.rows);
              assert.equal(out.late, expected.late);
              if (lateness > 0) assert.deepEqual(resultsOf(out, (rows) => tableOf(rows, rowName)), expected.rows);
            }
          }),
          { numRuns: 50 },
        );
      });
    }
  }
}

test("a session that was shown and then grows past the watermark is taken back, and shown again at its new end", () => {
  const context = fakeContext();
  const operator = new SessionOperator(nodeOf({ count: count() }, 30), GAP, "whole", undefined, context);
  const give = (time: number, stamp: number): void => {
    operator.process(0, batchOf(new ObjectRows([{}]), Float64Array.of(time), Float64Array.of(stamp)));
    operator.flush?.();
  };
  const taken = (): unknown[] => context.takeRows().map(({ value, kind }) => [(value as { count: number }).count, kind]);
  give(0, 0);
  operator.advance(12);
  assert.deepEqual(taken(), [[1, AFTER | PROVISIONAL]]);
  give(8, 12);
  assert.deepEqual(taken(), [[1, DELETE]]);
  operator.advance(17);
  assert.deepEqual(taken(), []);
  operator.advance(18);
  assert.deepEqual(taken(), [[2, AFTER | PROVISIONAL]]);
  operator.advance(48);
  assert.deepEqual(taken(), [[2, AFTER]]);
});

test("early results of sessions change no last word and leave nothing behind in the table", () => {
  const node = nodeOf(numeric, 0, 100);
  fc.assert(
    fc.property(scripts({ latest: 60 }), (script) => {
      const steps = script.steps.flatMap((step, i) => [step, { now: i * 70 }]);
      const out = verifyOperator({ make: sessions(node, true)("whole"), identity: rowName }, steps);
      assert.deepEqual(resultsOf(out, (rows) => tableOf(rows, rowName)), bruteForce(script, 0, true).rows);
    }),
    { numRuns: 50 },
  );
});

test("a late atom that joins two sessions that were shown takes both back", () => {
  const rows = (time: number, stamp: number): ScriptStep => ({ rows: [{ value: { key: "a", n: 1, time }, time, stamp, key: "a" }] });
  const script: ScriptStep[] = [rows(0, -Infinity), rows(16, 0), { watermark: 27 }, rows(9, 27), { watermark: Infinity }];
  const { rows: given } = verifyOperator({ make: sessions(nodeOf(numeric, 30), true)("whole"), identity: rowName }, script);
  assert.deepEqual(
    given.map(({ kind, value }) => [kind, (value as Row).window.start, (value as Row).window.end, (value as Row).count]),
    [[10, 0, 10, 1], [10, 16, 26, 1], [3, 16, 26, 1], [3, 0, 10, 1], [2, 0, 26, 3]],
  );
});

test("an atom that a reduction refuses is a dead letter, and the session is as it was", () => {
  const first = reducing((a: Atom, b: Atom) => {
    if (a.n + b.n === 7) throw new Error("seven");
    return { ...a, n: Math.max(a.n, b.n), time: Math.max(a.time, b.time) };
  });
  const atoms = [2, 5, 1].map((n, i) => ({ value: { key: "a", n, time: i }, time: i, stamp: -10, key: "a" }));
  const { rows, failed } = verifyOperator({ make: sessions(nodeOf({ first, howMany: count() }, 0), true)("whole") }, [{ rows: atoms }, { watermark: Infinity }]);
  assert.deepEqual(failed, [{ key: "a", n: 5, time: 1 }]);
  assert.deepEqual(rows.map(({ value }) => value), [{ window: { start: 0, end: 12 }, key: "a", first: { key: "a", n: 2, time: 2 }, howMany: 2 }]);
});

interface Row {
  readonly window: { readonly start: number; readonly end: number };
  readonly key?: string;
  readonly count: number;
}

function rowName(value: unknown): unknown {
  const { window, key } = value as Partial<Row>;
  return window === undefined ? value : [window.start, window.end, key];
}

function resultsOf({ rows }: OperatorOutput, which: (rows: OperatorOutput["rows"]) => OperatorOutput["rows"]): unknown[] {
  return inOrder(which(rows.filter(({ port }) => port === 0)).map(({ value }) => summary(value as Row & { most?: Atom; all?: number[] })));
}

/** What is compared of a row: in `all` the order depends on which atoms came first. */
function summary({ window, key, count: howMany, total }: Row & { total?: number }): object {
  return { window, key, count: howMany, total };
}

/** Sorted by time, split by gap; what was behind its bound joins, in the order of stamps, what had not ended by then. */
function bruteForce({ atoms }: Script, lateness: number, keyed: boolean): { readonly rows: unknown[]; readonly late: number } {
  const onTime = atoms.filter(({ time, stamp }) => time + GAP + lateness > stamp);
  const rows: object[] = [];
  for (const key of keyed ? ["a", "b", "c"] : [undefined]) {
    const of = onTime.filter((atom) => key === undefined || atom.key === key);
    const behind = (atom: ScriptAtom): boolean => atom.time + lateness < atom.stamp;
    let groups: ScriptAtom[][] = [];
    for (const atom of of.filter((one) => !behind(one)).sort((a, b) => a.time - b.time)) {
      const last = groups.at(-1);
      if (last === undefined || atom.time - (last.at(-1)?.time ?? 0) >= GAP) groups.push([atom]);
      else last.push(atom);
    }
    for (const atom of of.filter(behind).sort((a, b) => a.stamp - b.stamp)) {
      const joined = groups.filter((group) => endOf(group) + lateness > atom.stamp && startOf(group) < atom.time + GAP && atom.time < endOf(group));
      groups = [...groups.filter((group) => !joined.includes(group)), [...joined.flat(), atom]];
    }
    for (const group of groups) {
      rows.push({ window: { start: startOf(group), end: endOf(group) }, key, count: group.length, total: group.reduce((total, { n }) => total + n, 0) });
    }
  }
  return { rows: inOrder(rows), late: atoms.length - onTime.length };
}

function startOf(group: readonly ScriptAtom[]): number {
  return Math.min(...group.map(({ time }) => time));
}

function endOf(group: readonly ScriptAtom[]): number {
  return Math.max(...group.map(({ time }) => time)) + GAP;
}

function inOrder(rows: readonly unknown[]): unknown[] {
  return rows.map((row) => ({ row, name: JSON.stringify(row) })).sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ row }) => row);
}
