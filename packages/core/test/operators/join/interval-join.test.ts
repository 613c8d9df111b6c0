import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JoinKind, JoinNode } from "../../../src/graph/nodes.ts";
import { joinOperator } from "../../../src/operators/join/join-operator.ts";
import { interleavings, run, side, told, type Make, type SideAtom } from "./support.ts";

const BEFORE = 5;
const AFTER = 10;
const kinds = fc.constantFrom<JoinKind>("inner", "left", "right", "full");

test("every pair within the interval is given once, whatever the interleaving, batches and restarts", () => {
  fc.assert(
    fc.property(kinds, side("x", 4), side("y", 8), interleavings, (kind, left, right, interleaving) => {
      const found = run(intervalJoin(kind), [left, right], interleaving);
      assert.deepEqual(told(found.results), expected(kind, left, right));
      assert.deepEqual(found.late, [names(left.filter(isLate)), names(right.filter(isLate))]);
      assert.deepEqual(found.dead, []);
    }),
    { numRuns: 500 },
  );
});

test("a pair whose closure throws is a dead letter by itself, whichever of the two came first", () => {
  const failing: JoinNode["by"] = (x: SideAtom, y: SideAtom) => {
    if (x.name === "x0" && y.name === "y0") throw new Error("not these");
    return `${x.name}+${y.name}`;
  };
  const left = [{ name: "x0", key: "a", time: 10, stamp: 0 }, { name: "x1", key: "a", time: 11, stamp: 0 }];
  const right = [{ name: "y0", key: "a", time: 12, stamp: 0 }, { name: "y1", key: "a", time: 13, stamp: 0 }];
  for (const first of [0, 1]) {
    const { results, dead } = run(intervalJoin("inner", failing), [left, right], { turns: [[first, 2], [1 - first, 2]], restores: [] });
    assert.deepEqual(told(results).map((text) => text.split(" ")[0]), ["x0+y1", "x1+y0", "x1+y1"]);
    assert.deepEqual(dead, [{ left: left[0], right: right[0] }]);
  }
});

test("state goes when the watermark has passed the interval", () => {
  let operator: ReturnType<Make> | undefined;
  const make: Make = (keys, context) => (operator = intervalJoin("inner")(keys, context));
  const atoms = Array.from({ length: 1000 }, (_, i) => ({ name: `n${i}`, key: i % 2 === 0 ? "a" : "b", time: i, stamp: i - 1 }));
  run(make, [atoms, atoms], { turns: Array.from({ length: 400 }, (_, i) => [i % 2, 5] as const), restores: [] });
  assert.deepEqual(operator?.tables.map(({ size }) => size), [0, 0]);
});

function intervalJoin(join: JoinKind, by: JoinNode["by"] = pair): Make {
  return (keys, context) => joinOperator({ kind: "join", join, on: { kind: "interval", before: BEFORE, after: AFTER }, by }, keys, context);
}

function pair(x: SideAtom | undefined, y: SideAtom | undefined): string {
  return `${x?.name ?? "-"}+${y?.name ?? "-"}`;
}

/** The definition: all pairs of atoms that are not late, and what has no partner. */
function expected(kind: JoinKind, left: readonly SideAtom[], right: readonly SideAtom[]): string[] {
  const xs = left.filter((x) => !isLate(x));
  const ys = right.filter((y) => !isLate(y));
  const isPair = (x: SideAtom, y: SideAtom): boolean => x.key === y.key && y.time >= x.time - BEFORE && y.time <= x.time + AFTER;
  const texts = xs.flatMap((x) =>
    ys.filter((y) => isPair(x, y)).map((y) => `${pair(x, y)} at ${Math.max(x.time, y.time)} stamped ${Math.max(x.stamp, y.stamp)}`),
  );
  if (kind === "left" || kind === "full") {
    for (const x of xs) if (!ys.some((y) => isPair(x, y))) texts.push(`${pair(x, undefined)} at ${x.time + AFTER} stamped ${x.time + AFTER}`);
  }
  if (kind === "right" || kind === "full") {
    for (const y of ys) if (!xs.some((x) => isPair(x, y))) texts.push(`${pair(undefined, y)} at ${y.time + BEFORE} stamped ${y.time + BEFORE}`);
  }
  return texts.sort();
}

function isLate({ time, stamp }: SideAtom): boolean {
  return time < stamp;
}

function names(atoms: readonly SideAtom[]): string[] {
  return atoms.map(({ name }) => name);
}
