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
import { FIRST_VERSION } from "../../src/graph/version.ts";
import type { KeySpace } from "../../src/operators/state/key-space.ts";
import type { StateTable } from "../../src/operators/state/table.ts";
import { branchOperator, filterOperator, flatMapOperator, mapOperator } from "../../src/operators/stateless.ts";
import { TopOperator } from "../../src/operators/top/top-operator.ts";
import { slicingOf, type Slicing } from "../../src/operators/window/slicing.ts";
import { WindowOperator } from "../../src/operators/window/window-operator.ts";
import { finalsOf, type OperatorOutput } from "../../src/testing/operator-run.ts";
import { verifyOperator } from "../../src/testing/verify-operator.ts";
import { cutInTwo } from "./cut-in-two.ts";
import { larger, scripts, type Atom, type Script } from "./scripts.ts";

const refuses = (atom: Atom): Atom => {
  if (atom.n === 3) throw new Error("three");
  return atom;
};

const STATELESS: Readonly<Record<string, (keys: KeySpace, context: OperatorContext) => Operator>> = {
  map: (_keys, context) => mapOperator({ kind: "map", map: (atom: Atom) => refuses(atom).n * 2 }, context),
  filter: (_keys, context) => filterOperator({ kind: "filter", filter: (atom: Atom) => refuses(atom).n > 2 }, "append", context),
  flatMap: (_keys, context) => flatMapOperator({ kind: "flat-map", flatMap: (atom: Atom) => Array.from({ length: Math.max(0, refuses(atom).n) }, () => atom.key) }, context),
  branch: (_keys, context) => branchOperator({ kind: "branch", names: ["a", "b"], branches: [(atom: Atom) => refuses(atom).n < 0, (atom: Atom) => atom.n < 4] }, "append", context),
  keyBy: (keys, context) => keyByOperator({ kind: "key-by", key: (atom: Atom) => [refuses(atom).key, atom.n] }, keys, false, context),
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
  most: reducing(larger),
};

function windowNode(window: WindowSpec, lateness: number, early = Infinity): WindowNode {
  const { total, count: howMany, most } = shape;
  const aggregates = Object.entries({ total, count: howMany, most }).map(([name, aggregate]) => ({ name, aggregate }));
  return { kind: "window", window, aggregates, lateness, early };
}

function windows(node: WindowNode, keyed: boolean, role: "whole" | "combine" | "merge"): (keys: KeySpace, context: OperatorContext) => Operator {
  return (keys, context) => new WindowOperator([node], slicingOf([node.window]) as Slicing, role, keyed ? keys : undefined, context);
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
          { numRuns: 40 },
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
    { numRuns: 40 },
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
      const { stamp: _, ...most } = inside.reduce(larger);
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
  const node: ReduceNode = { kind: "reduce", version: FIRST_VERSION, reduce: (a: Atom, b: Atom) => ({ ...a, n: a.n + b.n, time: Math.max(a.time, b.time) }) };
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
    { numRuns: 40 },
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
      { numRuns: 40 },
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

function named(name: string, table: StateTable): StateTable {
  return {
    name,
    format: table.format,
    changes: (emit) => table.changes(emit),
    full: (group) => table.full(group),
    load: (group, bytes) => table.load(group, bytes),
    size: 0,
    memoryBytes: 0,
  };
}

/** Two operators, one after the other, driven as a pipeline drives them. */
function chained(first: (context: OperatorContext) => Operator, second: (context: OperatorContext) => Operator, context: OperatorContext): Operator {
  const after = second(context);
  const before = first({ ...context, emit: (port, batch) => (port === 0 ? after.process(0, batch) : context.emit(port, batch)) });
  return {
    tables: [...before.tables, ...after.tables.map((table) => named(`after.${table.name}`, table))],
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

test("an atom that a user's own aggregate refuses adds to nothing, and the others go on", () => {
  const refusing = reducing((a: Atom, b: Atom) => {
    if (a.n + b.n === 7) throw new Error("seven");
    return { ...a, n: Math.max(a.n, b.n), time: 0 };
  });
  const counting = {
    init: (): number[] => [],
    add(seen: number[], { n }: Atom) {
      if (n === 9) throw new Error("nine");
      seen.push(n);
      return seen;
    },
    merge: (seen: number[], others: number[]) => [...seen, ...others],
    result: (seen: number[]) => seen.length,
  };
  const node: WindowNode = {
    kind: "window",
    window: tumbling(10),
    aggregates: Object.entries({ counting, refusing, howMany: count() }).map(([name, aggregate]) => ({ name, aggregate: aggregate as never })),
    lateness: 0,
    early: Infinity,
  };
  const rows = [["b", 9], ["a", 2], ["a", 5], ["a", 1], ["a", 9]].map(([key, n]) => ({ value: { key, n, time: 1 }, time: 1, stamp: -5, key: key as string }));
  const out = verifyOperator({ make: windows(node, true, "whole") }, [{ rows }, { watermark: Infinity }]);
  assert.deepEqual(out.failed.map((atom) => [(atom as Atom).key, (atom as Atom).n]), [["b", 9], ["a", 5], ["a", 9]]);
  assert.deepEqual(out.rows.map(({ value: one }) => one), [{ window: { start: 0, end: 10 }, key: "a", counting: 2, refusing: { key: "a", n: 2, time: 0 }, howMany: 2 }]);
});

test("windows over the rows of windows, and results that throw, give the same however they are run", () => {
  const outer: WindowNode = {
    kind: "window",
    window: { kind: "carried", size: 10 },
    aggregates: Object.entries({ rows: count(), total: sum((row: { total: number }) => row.total) }).map(([name, aggregate]) => ({ name, aggregate })),
    lateness: 0,
    early: Infinity,
  };
  const fragile = { ...counted, result(n: number): number {
    if (n === 2) throw new Error("two");
    return n;
  } };
  const inner = windowNode(tumbling(10), 0);
  const node: WindowNode = { ...inner, aggregates: [...inner.aggregates, { name: "fragile", aggregate: fragile }] };
  const make = (keys: KeySpace, context: OperatorContext): Operator =>
    chained((first) => windows(node, true, "whole")(keys, first), (second) => windows(outer, false, "whole")(keys, second), context);
  fc.assert(
    fc.property(scripts(), (script) => {
      const expected = Map.groupBy((bruteForce(script, tumbling(10), 0, true) as (Ranked & Row)[]).filter((row) => row.count !== 2), ({ window }) => window.start);
      const totals = [...expected.values()].map((of) => ({ window: of[0].window, rows: of.length, total: of.reduce((total, row) => total + row.total, 0) }));
      assert.deepEqual(sorted(verifyOperator({ make }, script.steps)), inOrder(totals));
    }),
    { numRuns: 60 },
  );
});

const counted = { init: (): number => 0, add: (n: number): number => n + 1, merge: (a: number, b: number): number => a + b };
