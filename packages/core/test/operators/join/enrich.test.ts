import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EnrichNode } from "../../../src/graph/nodes.ts";
import { EnrichOperator } from "../../../src/operators/join/enrich-operator.ts";
import { interleavings, run, side, told, type Make, type SideAtom } from "./support.ts";

/** Some of the table's changes delete; which do is read off their names. */
const isDeletion = ({ name }: SideAtom): boolean => name.endsWith("3");

test("every value gets the row that was valid at its time, whatever the interleaving, batches and restarts", () => {
  fc.assert(
    fc.property(side("x", 4), side("row", 8), interleavings, (values, changes, interleaving) => {
      const found = run(enrich(), [values, changes], interleaving);
      assert.deepEqual(told(found.results), expected(values, changes));
      assert.deepEqual(found.late, [values.filter(isLate).map(({ name }) => name), []]);
    }),
    { numRuns: 800 },
  );
});

test("values of a key come out by time, those of one time in the order of their arrival", () => {
  const values = [5, 3, 5, 4].map((time, i) => ({ name: `x${i}`, key: "a", time, stamp: 0 }));
  const { results } = run(enrich(), [values, []], { turns: [], restores: [] });
  assert.deepEqual(results.map(({ value }) => value), ["x1=-", "x3=-", "x0=-", "x2=-"]);
});

test("only the current row of a key is kept once the watermark has passed", () => {
  let operator: ReturnType<Make> | undefined;
  const make: Make = (keys, context) => (operator = enrich()(keys, context));
  const changes = Array.from({ length: 500 }, (_, i) => ({ name: `row${i}`, key: "a", time: i, stamp: i - 1 }));
  run(make, [[], changes], { turns: Array.from({ length: 100 }, () => [1, 5] as const), restores: [] });
  const full = Array.from({ length: 16 }, (_, group) => operator?.tables[1].full(group)?.length ?? 0);
  assert.ok(full.reduce((a, b) => a + b) < 200, full.join());
});

function enrich(): Make {
  const node: EnrichNode = {
    kind: "enrich",
    enrich: (x: SideAtom, row: SideAtom | undefined) => `${x.name}=${row?.name ?? "-"}`,
    deleted: isDeletion,
  };
  return (keys, context) => new EnrichOperator(node, keys, context);
}

/** The definition: of the changes that are valid by a value's time, the one with the latest time, of equal times the last. */
function expected(values: readonly SideAtom[], changes: readonly SideAtom[]): string[] {
  return values
    .filter((x) => !isLate(x))
    .map((x) => {
      const valid = changes.filter(({ key, time, stamp }) => key === x.key && Math.max(time, stamp) <= x.time);
      const row = valid.reduce<SideAtom | undefined>((best, one) => (best === undefined || one.time >= best.time ? one : best), undefined);
      return `${x.name}=${row === undefined || isDeletion(row) ? "-" : row.name} at ${x.time} stamped ${x.time}`;
    })
    .sort();
}

function isLate({ time, stamp }: SideAtom): boolean {
  return time < stamp;
}
