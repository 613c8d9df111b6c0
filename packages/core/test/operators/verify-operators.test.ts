import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AggregateShape } from "../../src/graph/aggregate.ts";
import type { ReduceNode, WindowNode } from "../../src/graph/nodes.ts";
import { global, sliding, tumbling, type Window, type WindowSpec } from "../../src/graph/window.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { reducing } from "../../src/operators/aggregates/reducing.ts";
import { distinctOperator } from "../../src/operators/distinct/distinct-operator.ts";
import { keyByOperator } from "../../src/operators/key-by.ts";
import type { Operator, OperatorContext } from "../../src/operators/operator.ts";
import { ReduceOperator } from "../../src/operators/reduce/reduce-operator.ts";
import type { KeySpace } from "../../src/operators/state/key-space.ts";
import { branchOperator, filterOperator, flatMapOperator, mapOperator } from "../../src/operators/stateless.ts";
import { TopOperator } from "../../src/operators/top/top-operator.ts";
import { slicingOf, type Slicing } from "../../src/operators/window/slicing.ts";
import { WindowOperator } from "../../src/operators/window/window-operator.ts";
import { finalsOf, type OperatorOutput } from "../../src/testing/operator-run.ts";
import { verifyOperator } from "../../src/testing/verify-operator.ts";
import { cutInTwo } from "./cut-in-two.ts";
import { scripts, type Atom, type Script, type ScriptAtom } from "./scripts.ts";

const refuses = (atom: Atom): Atom => {
  if (atom.n === 3) throw new Error("three");
  return atom;
};

const STATELESS: Readonly<Record<string, (keys: KeySpace, context: OperatorContext) => Operator>> = {
  map: (_keys, context) => mapOperator({ kind: "map", map: (atom: Atom) => refuses(atom).n * 2 }, context),
  filter: (_keys, context) => filterOperator({ kind: "filter", filter: (atom: Atom) => refuses(atom).n > 2 }, context),
  flatMap: (_keys, context) => flatMapOperator({ kind: "flat-map", flatMap: (atom: Atom) => Array.from({ length: Math.max(0, refuses(atom).n) }, () => atom.key) }, context),
  branch: (_keys, context) => branchOperator({ kind: "branch", names: ["a", "b"], branches: [(atom: Atom) => refuses(atom).n < 0, (atom: Atom) => atom.n < 4] }, context),
  keyBy: (keys, context) => keyByOperator({ kind: "key-by", key: (atom: Atom) => [refuses(atom).key, atom.n] }, keys, context),
};

for (const [name, make] of Object.entries(STATELESS)) {
  test(`${name} gives the same however it is run`, () => {
    fc.assert(fc.property(scripts({ keyed: false }), ({ steps }) => void verifyOperator({ make }, steps)), { numRuns: 50 });
  });
}

for (const within of [0, 7, 50, Infinity]) {
  test(`distinct within ${within} gives the same however it is run`, () => {
    const make = (keys: KeySpace, context: OperatorContext): Operator => distinctOperator({ kind: "distinct", within }, keys, context);
    fc.assert(fc.property(scripts(), ({ steps }) => void verifyOperator({ make }, steps)), { numRuns: 150 });
  });
}

const shape: AggregateShape<Atom> = {
  total: sum((atom: Atom) => atom.n),
  count: count(),
  most: reducing((a: Atom, b: Atom) => (b.n > a.n || (b.n === a.n && b.time > a.time) ? b : a)),
};

function windowNode(window: WindowSpec, lateness: number, early = Infinity): WindowNode {
  const { total, count: howMany, most } = shape;
  const aggregates = Object.entries({ total, count: howMany, most }).map(([name, aggregate]) => ({ name, aggregate }));
  return { kind: "window", window, aggregates, lateness, early };
}

function windows(node: WindowNode, keyed: boolean, role: "whole" | "combine" | "merge"): (keys: KeySpace, context: OperatorContext) => Operator {
  return (keys, context) => new WindowOperator(node, slicingOf(node.window) as Slicing, role, keyed ? keys : undefined, context);
}

const WINDOWS: readonly WindowSpec[] = [tumbling(10), tumbling(7, { offset: 3 }), sliding(20, 10), sliding(30, 12), sliding(10, 25), global()];

for (const window of WINDOWS) {
  for (const lateness of [0, 15]) {
    for (const keyed of [true, false]) {
      test(`${JSON.stringify(window)} with lateness ${lateness}, ${keyed ? "per key" : "over all keys"}: as brute force, however it is run and cut`, () => {
        const node = windowNode(window, lateness);
        const identity = lateness > 0 ? { identity: rowName } : {};
        fc.assert(
          fc.property(scripts({ keyed }), (script) => {
            const whole = verifyOperator({ make: windows(node, keyed, "whole"), ...identity }, script.steps);
            assert.deepEqual(sorted(whole), bruteForce(script, window, lateness, keyed));
            const two = cutInTwo((role) => windows(node, keyed, role));
            const cut = verifyOperator({ make: two, ...identity }, script.steps);
            assert.deepEqual(sorted(cut), sorted(whole));
            assert.equal(cut.late, whole.late);
          }),
          { numRuns: 100 },
        );
      });
    }
  }
}

test("early results change no last word", () => {
  const node = windowNode(tumbling(10), 0, 100);
  fc.assert(
    fc.property(scripts(), (script) => {
      const steps = script.steps.flatMap((step, i) => [step, { now: i * 70 }]);
      const early = verifyOperator({ make: windows(node, true, "whole"), identity: rowName }, steps);
      assert.deepEqual(sorted(early), bruteForce(script, node.window, 0, true));
    }),
    { numRuns: 100 },
  );
});

interface Row {
  readonly window: Window;
  readonly key?: string;
  readonly count: number;
}

function rowName(value: unknown): unknown {
  const { window, key } = value as Partial<Row>;
  return window === undefined ? value : [window.start, window.end, key];
}

function sorted({ rows }: OperatorOutput): unknown[] {
  return inOrder(finalsOf(rows).filter(({ port }) => port === 0).map(({ value }) => value));
}

function inOrder(rows: readonly unknown[]): unknown[] {
  return rows.map((row) => ({ row, name: JSON.stringify(row) })).sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ row }) => row);
}

function bruteForce({ atoms }: Script, window: WindowSpec, lateness: number, keyed: boolean): unknown[] {
  const rows: Record<string, unknown>[] = [];
  for (const key of keyed ? ["a", "b", "c"] : [undefined]) {
    const of = atoms.filter((atom) => key === undefined || atom.key === key);
    for (const { start, end } of windowsOver(window)) {
      const inside = of.filter((atom) => atom.time >= start && atom.time < end && end + lateness > atom.stamp);
      if (inside.length === 0) continue;
      const { stamp: _, ...most } = inside.reduce((a, b) => (b.n > a.n || (b.n === a.n && b.time > a.time) ? b : a)) as ScriptAtom;
      rows.push({
        window: { start, end },
        ...(key === undefined ? {} : { key }),
        total: inside.reduce((total, atom) => total + atom.n, 0),
        count: inside.length,
        most: keyed ? most : { ...most },
      });
    }
  }
  return inOrder(rows);
}

function windowsOver(window: WindowSpec): Window[] {
  if (window.kind === "global") return [{ start: -Infinity, end: Infinity }];
  if (window.kind !== "tumbling" && window.kind !== "sliding") return [];
  const slide = window.kind === "tumbling" ? window.size : window.slide;
  return Array.from({ length: 400 }, (_, i) => {
    const start = (i - 100) * slide + window.offset;
    return { start, end: start + window.size };
  });
}

test("a running reduce ends with every key's reduction, however it is run and cut", () => {
  const node: ReduceNode = { kind: "reduce", reduce: (a: Atom, b: Atom) => ({ ...a, n: a.n + b.n, time: Math.max(a.time, b.time) }) };
  const roles = (role: "whole" | "combine" | "merge") => (keys: KeySpace, context: OperatorContext) => new ReduceOperator(node, role, keys, context);
  const identity = (value: unknown): unknown => (value as Atom).key;
  fc.assert(
    fc.property(scripts(), (script) => {
      const expected = ["a", "b", "c"].flatMap((key) => {
        const of = script.atoms.filter((atom) => atom.key === key);
        return of.length === 0 ? [] : [{ key, n: of.reduce((n, atom) => n + atom.n, 0), time: Math.max(...of.map(({ time }) => time)) }];
      });
      for (const make of [roles("whole"), cutInTwo(roles)]) {
        assert.deepEqual(sorted(verifyOperator({ make, identity }, script.steps)), inOrder(expected));
      }
    }),
    { numRuns: 100 },
  );
});

test("top of windows that only append and of windows that are updated, however it is run and cut", () => {
  for (const lateness of [0, 15]) {
    const node = { kind: "top" as const, size: 2, by: (row: { total: number }) => row.total, windowSize: 10, lateness };
    const mode = lateness > 0 ? ("upsert" as const) : ("append" as const);
    const make = (role: "whole" | "combine" | "merge") => (keys: KeySpace, context: OperatorContext) =>
      chained((inner) => windows(windowNode(tumbling(10), lateness), true, "whole")(keys, inner), (outer) => new TopOperator(node, role, mode, outer), context);
    const given = lateness > 0 ? { identity: rowName } : {};
    fc.assert(
      fc.property(scripts(), (script) => {
        const whole = verifyOperator({ make: make("whole"), ...given }, script.steps);
        const expected = ranked(bruteForce(script, tumbling(10), lateness, true) as Ranked[]);
        assert.deepEqual(sorted(whole), inOrder(expected));
        const cut = verifyOperator({ make: (keys, context) => {
          return chained((inner) => windows(windowNode(tumbling(10), lateness), true, "whole")(keys, inner),
            (outer) => cutInTwo((role) => (_keys, at) => new TopOperator(node, role, mode, at))(keys, outer), context);
        }, ...given }, script.steps);
        assert.deepEqual(sorted(cut), sorted(whole));
      }),
      { numRuns: 100 },
    );
  }
});

interface Ranked {
  readonly window: Window;
  readonly key: string;
  readonly total: number;
}

function ranked(rows: readonly Ranked[]): unknown[] {
  const byWindow = Map.groupBy(rows, ({ window }) => window.start);
  return [...byWindow.values()].flatMap((of) =>
    of.sort((a, b) => b.total - a.total || (a.key < b.key ? -1 : 1)).slice(0, 2).map((row, i) => ({ ...row, rank: i + 1 })),
  );
}

/** Two operators, one after the other, driven as a pipeline drives them. */
function chained(first: (context: OperatorContext) => Operator, second: (context: OperatorContext) => Operator, context: OperatorContext): Operator {
  const after = second(context);
  const before = first({ ...context, emit: (port, batch) => (port === 0 ? after.process(0, batch) : context.emit(port, batch)) });
  return {
    tables: [...before.tables, ...after.tables],
    process: (input, batch) => before.process(input, batch),
    advance(watermark) {
      before.advance(watermark);
      after.advance(watermark);
    },
    restored(watermark) {
      before.restored?.(watermark);
      after.restored?.(watermark);
    },
    flush() {
      before.flush?.();
      after.flush?.();
    },
  };
}
