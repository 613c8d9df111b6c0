import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JoinKind, JoinNode } from "../../../src/graph/nodes.ts";
import { global, session, sliding, tumbling, type Window, type WindowSpec } from "../../../src/graph/window.ts";
import { joinOperator } from "../../../src/operators/join/join-operator.ts";
import { fakeContext, keySpace } from "../support.ts";
import { interleavings, run, side, told, type Make, type SideAtom } from "./support.ts";

const kinds = fc.constantFrom<JoinKind>("inner", "left", "right", "full");
const windows = fc.constantFrom<WindowSpec>(tumbling(15), sliding(20, 5), sliding(10, 15), tumbling(15, { offset: 4 }));

test("every window gives all pairs of its atoms that are not late for it", () => {
  fc.assert(
    fc.property(kinds, windows, side("x", 4), side("y", 8), interleavings, (kind, window, left, right, interleaving) => {
      const found = run(windowJoin(kind, window), [left, right], interleaving);
      assert.deepEqual(told(found.results), expected(kind, window, left, right));
      assert.deepEqual(found.late, [left, right].map((atoms) => atoms.filter((atom) => isLate(window, atom)).map(({ name }) => name)));
    }),
    { numRuns: 500 },
  );
});

test("a global window joins everything when the input ends, and sessions are refused", () => {
  const atoms = (name: string): SideAtom[] => [1, 2].map((time) => ({ name: `${name}${time}`, key: "a", time, stamp: -1 }));
  const { results } = run(windowJoin("inner", global()), [atoms("x"), atoms("y")], { turns: [], restores: [] });
  assert.deepEqual(results.map(({ value }) => String(value).split(" ")[0]).sort(), ["x1+y1", "x1+y2", "x2+y1", "x2+y2"]);
  assert.throws(() => windowJoin("inner", session(5))(keySpace(), fakeContext()), { code: "MILLRACE_GRAPH" });
});

function windowJoin(join: JoinKind, window: WindowSpec): Make {
  const by: JoinNode["by"] = (x: SideAtom | undefined, y: SideAtom | undefined, { start, end }: Window) => `${pair(x, y)} in [${start}, ${end})`;
  return (keys, context) => joinOperator({ kind: "join", join, on: { kind: "window", window }, by }, keys, context);
}

function pair(x: SideAtom | undefined, y: SideAtom | undefined): string {
  return `${x?.name ?? "-"}+${y?.name ?? "-"}`;
}

function windowsOf(spec: WindowSpec, time: number): Window[] {
  assert.ok(spec.kind === "tumbling" || spec.kind === "sliding");
  const slide = spec.kind === "sliding" ? spec.slide : spec.size;
  const found: Window[] = [];
  for (let start = spec.offset - 10 * slide; start <= time; start += slide) if (start + spec.size > time) found.push({ start, end: start + spec.size });
  return found;
}

function isLate(spec: WindowSpec, { time, stamp }: SideAtom): boolean {
  assert.ok(spec.kind === "tumbling" || spec.kind === "sliding");
  const slide = spec.kind === "sliding" ? spec.slide : spec.size;
  // Between windows that do not touch, an atom lies in none, and is not late.
  const end = Math.floor((time - spec.offset) / slide) * slide + spec.offset + spec.size;
  return time < end && end <= stamp;
}

function expected(kind: JoinKind, spec: WindowSpec, left: readonly SideAtom[], right: readonly SideAtom[]): string[] {
  const texts: string[] = [];
  const ends = new Map([...left, ...right].flatMap(({ time }) => windowsOf(spec, time)).map((window) => [window.end, window]));
  for (const window of ends.values()) {
    const inside = (atoms: readonly SideAtom[]): SideAtom[] => atoms.filter(({ time, stamp }) => time >= window.start && time < window.end && window.end > stamp);
    for (const key of ["a", "b"]) {
      const xs: (SideAtom | undefined)[] = inside(left).filter((x) => x.key === key);
      const ys: (SideAtom | undefined)[] = inside(right).filter((y) => y.key === key);
      if (xs.length === 0 && ys.length > 0 && (kind === "right" || kind === "full")) xs.push(undefined);
      if (ys.length === 0 && xs.length > 0 && (kind === "left" || kind === "full")) ys.push(undefined);
      for (const x of xs) {
        for (const y of ys) if (x !== undefined || y !== undefined) texts.push(`${pair(x, y)} in [${window.start}, ${window.end}) at ${window.end - 1} stamped ${window.end - 1}`);
      }
    }
  }
  return texts.sort();
}
