import { test } from "node:test";
import fc from "fast-check";
import type { EnrichNode, JoinKind, JoinNode } from "../../../src/graph/nodes.ts";
import { sliding } from "../../../src/graph/window.ts";
import { EnrichOperator } from "../../../src/operators/join/enrich-operator.ts";
import { joinOperator } from "../../../src/operators/join/join-operator.ts";
import type { OperatorContext } from "../../../src/operators/operator.ts";
import type { ScriptRow, ScriptStep } from "../../../src/testing/operator-run.ts";
import { verifyOperator } from "../../../src/testing/verify-operator.ts";
import { scripts, type Atom } from "../scripts.ts";

const kinds = fc.constantFrom<JoinKind>("inner", "left", "right", "full");
const ONS: Readonly<Record<string, JoinNode["on"]>> = {
  "an interval join": { kind: "interval", before: 10, after: 3 },
  "a window join": { kind: "window", window: sliding(30, 10) },
};

for (const [name, on] of Object.entries(ONS)) {
  test(`${name} gives the same however it is run, also where its closure throws`, () => {
    fc.assert(
      fc.property(kinds, scripts({ longest: 40 }), (join, { steps }) => {
        const node: JoinNode = { kind: "join", join, on, by: (left: Atom | undefined, right: Atom | undefined) => refusesNine(left?.n, right?.n) };
        const make = (keys: Parameters<typeof joinOperator>[1], context: OperatorContext) => joinOperator(node, keys, context);
        verifyOperator({ make }, twoSided(steps));
      }),
      { numRuns: 60 },
    );
  });
}

test("a join with a table gives the same however it is run, also where its closures throw", () => {
  const node: EnrichNode = {
    kind: "enrich",
    enrich: (atom: Atom, row: Atom | undefined) => refusesNine(atom.n, row?.n),
    deleted: (row: Atom) => {
      if (row.n === -5) throw new Error("no such row");
      return row.n === -1;
    },
  };
  fc.assert(
    fc.property(scripts({ longest: 40 }), ({ steps }) => void verifyOperator({ make: (keys, context) => new EnrichOperator(node, keys, context) }, twoSided(steps))),
    { numRuns: 60 },
  );
});

function refusesNine(left: number | undefined, right: number | undefined): { readonly left: number | undefined; readonly right: number | undefined } {
  if ((left ?? 0) + (right ?? 0) === 9) throw new Error("nine");
  return { left, right };
}

/** Gives each row to one of two inputs, by its number. */
function twoSided(steps: readonly ScriptStep[]): ScriptStep[] {
  return steps.flatMap((step): ScriptStep[] => {
    if (!("rows" in step)) return [step];
    const inputOf = ({ value }: ScriptRow): number => Math.abs((value as Atom).n) % 2;
    return [0, 1].map((input) => ({ input, rows: step.rows.filter((row) => inputOf(row) === input) })).filter(({ rows }) => rows.length > 0);
  });
}
