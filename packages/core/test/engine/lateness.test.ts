import assert from "node:assert/strict";
import { test } from "node:test";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/harness.ts";

const times = topic<number>("times");
const counts = collection<{ readonly window: { readonly start: number }; readonly count: number }>("counts", { key: (row) => row.window.start });
const perWindow = workflow("per-window", (flow) => flow.from(times, { time: (at) => at }).window(tumbling(10), { lateness: 100 }).aggregate({ count: count() }).to(counts));

test("a window whose first atom comes within its lateness is shown at once, as one that had fired", async () => {
  const running = await harness(perWindow);
  const shown = (): number[][] => running.rows(counts).map((row) => [row.window.start, row.count]);
  await running.push(times, 5, 35);
  await running.push(times, 6, 15);
  assert.deepEqual(shown(), [[0, 2], [10, 1]]);
  await running.restart();
  await running.push(times, 7, 16);
  assert.deepEqual(shown(), [[0, 3], [10, 2]]);
  await running.end();
  assert.deepEqual(shown(), [[0, 3], [10, 2], [30, 1]]);
  await running.stop();
});
