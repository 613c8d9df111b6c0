import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AFTER, PROVISIONAL } from "../../src/contracts/batch.ts";
import type { WindowNode } from "../../src/graph/nodes.ts";
import { global, tumbling, type Window, type WindowSpec } from "../../src/graph/window.ts";
import { digest, mergeDigests } from "../../src/operators/aggregates/digest.ts";
import { medianOf, type Digest } from "../../src/operators/aggregates/digest-value.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import type { Operator, OperatorContext } from "../../src/operators/operator.ts";
import type { KeySpace } from "../../src/operators/state/key-space.ts";
import { slicingOf, type Slicing } from "../../src/operators/window/slicing.ts";
import { UpdatedWindowOperator } from "../../src/operators/window/updated-window.ts";
import { WindowOperator } from "../../src/operators/window/window-operator.ts";
import { finalsOf, OperatorRun, type ScriptRow, type ScriptStep } from "../../src/testing/operator-run.ts";
import { verifyOperator } from "../../src/testing/verify-operator.ts";
import { scripts, type Atom, type Script } from "./scripts.ts";

interface PerKey {
  readonly total: number;
  readonly all: Digest;
}

interface PerWindow {
  readonly window: Window;
  readonly total: number;
  readonly keys: number;
  readonly median: number | undefined;
}

const CASES: readonly { readonly window: WindowSpec; readonly size: number; readonly lateness: number; readonly early: number }[] = [
  { window: tumbling(10), size: 10, lateness: 0, early: 100 },
  { window: tumbling(10), size: 10, lateness: 15, early: Infinity },
  { window: tumbling(10), size: 10, lateness: 15, early: 100 },
  { window: global(), size: Infinity, lateness: 0, early: 100 },
];

for (const { window, size, lateness, early } of CASES) {
  test(`perWindow counts each key of a ${window.kind} window once, with lateness ${lateness} and early results every ${early}`, () => {
    const perKey: WindowNode = {
      kind: "window",
      window,
      lateness,
      early,
      aggregates: [
        { name: "total", aggregate: sum((atom: Atom) => atom.n) },
        { name: "all", aggregate: digest((atom: Atom) => atom.n, { exact: true }) },
      ],
    };
    const perWindow: WindowNode = {
      kind: "window",
      window: { kind: "carried", size },
      lateness,
      early: Infinity,
      aggregates: [
        { name: "total", aggregate: sum((row: PerKey) => row.total) },
        { name: "keys", aggregate: count() },
        { name: "all", aggregate: mergeDigests((row: PerKey) => row.all) },
      ],
    };
    const make = (keys: KeySpace, context: OperatorContext): Operator => {
      const after = new UpdatedWindowOperator(perWindow, size, context);
      const before = new WindowOperator([perKey], slicingOf([window]) as Slicing, "whole", keys, {
        ...context,
        emit: (port, batch) => (port === 0 ? after.process(0, batch) : context.emit(port, batch)),
      });
      return inRow(before, after);
    };
    fc.assert(
      fc.property(scripts(), (script) => {
        const steps = script.steps.flatMap((step, i) => [step, { now: i * 70 }]);
        const output = verifyOperator({ make, identity: (value) => (value as Partial<PerWindow>).window ?? value }, steps);
        const finals = finalsOf(output.rows).filter(({ port }) => port === 0).map(({ value }) => {
          const { all, ...row } = value as Omit<PerWindow, "median"> & { readonly all: Digest };
          return { ...row, median: medianOf(all) };
        });
        assert.deepEqual(finals.sort((a, b) => a.window.end - b.window.end), bruteForce(script, size, lateness));
      }),
      { numRuns: 150 },
    );
  });
}

test("a row that cannot be aggregated is a dead letter, once, and not part of its window", () => {
  const node: WindowNode = {
    kind: "window",
    window: { kind: "carried", size: 10 },
    lateness: 0,
    early: Infinity,
    aggregates: [{ name: "total", aggregate: sum((row: { readonly n: number }) => (row.n === 3 ? Number(Symbol("three")) : row.n)) }],
  };
  const update = (key: string, n: number): ScriptRow => ({ value: { window: { start: 0, end: 10 }, key, n }, time: 9, stamp: 9, kind: AFTER | PROVISIONAL });
  const run = new OperatorRun({ make: (_keys, context) => new UpdatedWindowOperator(node, 10, context) }, { restore: "changes" });
  const steps: readonly ScriptStep[] = [{ rows: [update("a", 1), update("b", 3)] }, { rows: [update("c", 5)] }, { rows: [update("a", 2)] }, { watermark: 10 }];
  steps.forEach((step, index) => run.step(step, index));
  const { rows, failed } = run.finish();
  assert.deepEqual(rows.map(({ value }) => (value as PerWindow).total), [1, 6, 7, 7]);
  assert.equal(failed.length, 1);
});

function bruteForce({ atoms }: Script, size: number, lateness: number): PerWindow[] {
  const rows: PerWindow[] = [];
  for (let start = size === Infinity ? -Infinity : 0; start < 1000; start += size) {
    const end = size === Infinity ? Infinity : start + size;
    const inside = atoms.filter(({ time, stamp }) => time >= start && time < end && end + lateness > stamp);
    if (inside.length > 0) {
      const sorted = inside.map(({ n }) => n).sort((a, b) => a - b);
      const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
      rows.push({ window: { start, end }, total: inside.reduce((total, { n }) => total + n, 0), keys: new Set(inside.map(({ key }) => key)).size, median: middle });
    }
    if (size === Infinity) break;
  }
  return rows;
}

/** Two operators, one after the other, driven as a pipeline drives them. */
function inRow(before: Operator, after: Operator): Operator {
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
    tick: (now) => before.tick?.(now),
    wakeAt: () => before.wakeAt?.() ?? Infinity,
  };
}
