import assert from "node:assert/strict";
import { test } from "node:test";
import { poolsOf, type HostLimits } from "../../../src/engine/hosting/pools.ts";
import { planWorkflow } from "../../../src/engine/planner.ts";
import { MillraceError } from "../../../src/errors.ts";
import type { Workflow } from "../../../src/graph/graph.ts";
import { topic } from "../../../src/graph/refs.ts";
import { tumbling } from "../../../src/graph/window.ts";
import { count } from "../../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../../src/streams/workflow.ts";

const readings = topic<{ readonly room: string }>("readings");

function ranked(name: string): Workflow {
  return workflow(name, (flow) =>
    flow
      .from(readings)
      .keyBy((r) => r.room)
      .window(tumbling("1m"))
      .aggregate({ n: count() })
      .top(3, (row) => row.n, { per: "window", id: "best" })
      .to(topic<unknown>(`${name}.results`)),
  );
}

const plans = [ranked("one"), ranked("two")].map((one) => planWorkflow(one, { cut: "shuffle", partitions: 4 }));

function pools(limits: HostLimits): Record<string, string> {
  return Object.fromEntries(
    poolsOf(plans, limits).map(({ stages, limits: { min, reserve, max } }) => [stages.map(({ plan, stage }) => `${plan.workflow.name}/${stage.id}`).join(" "), `${min} ${reserve} ${max}`]),
  );
}

test("stages without limits share what is left", () => {
  assert.deepEqual(pools({ quota: 3, min: 1 }), { "one/source-readings-1 one/window-1 one/best two/source-readings-1 two/window-1 two/best": "1 1 3" });
  assert.deepEqual(pools({ quota: 4, stages: { "one/window-1": { min: 1, max: 2 }, two: { reserve: 1 } } }), {
    "one/window-1": "1 1 2",
    "two/source-readings-1 two/window-1 two/best": "0 1 3",
    "one/source-readings-1 one/best": "0 0 2",
  });
});

test("a pool has at most as many instances as partitions", () => {
  assert.deepEqual(pools({ quota: 9, stages: { "one/best": {} } })["one/best"], "0 0 1");
});

test("limits that cannot be are refused with what to do", () => {
  const refused = (limits: HostLimits, message: RegExp): void => {
    assert.throws(() => poolsOf(plans, limits), (error) => error instanceof MillraceError && error.code === "MILLRACE_USAGE" && message.test(error.message));
  };
  refused({ quota: 4, stages: { "one/best-of": {} } }, /limits of one\/best-of: there is no such stage .*the stages are one\/source-readings-1, one\/window-1, /);
  refused({ quota: 4, stages: { "one/window-1": { min: 3, max: 2 } } }, /min 3 is above max 2/);
  refused({ quota: 4, stages: { "one/window-1": { reserve: 3, max: 2 } } }, /reserve 3 is above max 2/);
  refused({ quota: 4, stages: { "one/window-1": { min: 2, reserve: 1 } } }, /reserve 1; .*at least min \(2\)/);
  refused({ quota: 4, stages: { "one/window-1": { max: 5 } } }, /max 5, but others leave at most 4/);
  refused({ quota: 4, stages: { "one/window-1": { max: 4 }, two: { reserve: 1 } } }, /max 4, but others leave at most 3/);
  refused({ quota: 4, stages: { "one/best": { max: 2 } } }, /it has one partition to share out/);
  refused({ quota: 4, stages: { "one/window-1": { max: 1.5 } } }, /max 1.5/);
  refused({ quota: 4, stages: { "one/window-1": { min: -1 } } }, /min -1/);
  refused({ quota: 2, stages: { one: { least: 1 } as never } }, /limits of one: has no option least/);
  refused({ quota: 2, stages: { one: { min: 2 }, two: { reserve: 1 } } }, /3 are reserved .* of at most 2/);
  refused({ quota: 2, stages: { one: { min: 2 } } }, /all 2 are reserved, .*two\/source-readings-1/);
  refused({ quota: 4, min: 1, stages: { one: {}, two: {} } }, /min 1, but every stage has limits of its own/);
  refused({ quota: 4, stages: { one: {}, "one/source-readings-1": {}, "one/window-1": {}, "one/best": {} } }, /limits of one: .*all its stages have limits/);
});
