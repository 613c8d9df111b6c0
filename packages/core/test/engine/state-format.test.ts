import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "../../src/errors.ts";
import { topic } from "../../src/graph/refs.ts";
import { session, sliding, tumbling, type WindowSpec } from "../../src/graph/window.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/index.ts";

const numbers = topic<number>("numbers");
const out = topic<unknown>("out");

function counting(window: WindowSpec, lateness: number) {
  return workflow("counting", (flow) => {
    flow.from(numbers, { time: (n) => n }).keyBy((n) => n % 2).window(window, { lateness }).aggregate({ n: count() }).to(out);
  });
}

const changes: readonly [string, ReturnType<typeof counting>, ReturnType<typeof counting>][] = [
  ["another lateness", counting(tumbling(10), 0), counting(tumbling(10), 50)],
  ["another length", counting(tumbling(10), 0), counting(tumbling(20), 0)],
  ["another slide", counting(sliding(20, 10), 0), counting(sliding(20, 5), 0)],
  ["another gap", counting(session(10), 0), counting(session(30), 0)],
];

for (const [change, before, after] of changes) {
  test(`windows whose state was written with ${change} are refused, not misread`, async () => {
    const h = await harness(before);
    await h.push(numbers, 1, 2, 15, 33);
    await assert.rejects(h.restart(after), (error) => error instanceof MillraceError && error.code === "MILLRACE_STATE_MISMATCH");
    await h.stop().catch(() => undefined);
  });
}
