import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime, type RuntimeOptions } from "../../../src/engine/runtime.ts";
import { collection, topic } from "../../../src/graph/refs.ts";
import { tumbling } from "../../../src/graph/window.ts";
import { virtualClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger } from "../../../src/memory/ledger.ts";
import { count } from "../../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../../src/streams/workflow.ts";

const calls = topic<{ readonly who: string }>("calls");
const seen = collection<{ readonly key: string; readonly calls: number }>("seen", { key: (row) => row.key });
const counting = workflow("counting", (flow) =>
  flow
    .from(calls)
    .keyBy((call) => call.who)
    .window(tumbling("1h"), { early: "10s" })
    .aggregate({ calls: count() })
    .to(seen),
);

/** In memory everything happens in microtasks and a few turns. */
async function pass(clock: ReturnType<typeof virtualClock>, milliseconds: number): Promise<void> {
  const end = clock.now() + milliseconds;
  do {
    for (let turn = 0; turn < 8; turn++) await clock.turn();
    clock.advanceTo(Math.min(end, clock.next()));
    for (let turn = 0; turn < 8; turn++) await clock.turn();
  } while (clock.now() < end);
}

for (const restart of [false, true]) {
  for (const partitions of [1, 4]) {
    test(`early results that are due bring back what rests for less than their interval${restart ? `, after a restart into ${partitions} partitions` : ` (${partitions})`}`, async () => {
      const clock = virtualClock();
      const ledger = createMemoryLedger({ clock });
      const options: Omit<RuntimeOptions, "ledger"> = { workflows: [counting], clock, idleAfter: 1_000, partitions: restart ? 1 : partitions };
      let runtime = await Runtime.start({ ...options, ledger });
      await runtime.append(calls, [{ who: "a" }]);
      await pass(clock, 3_000);
      assert.equal(runtime.running, 0);
      if (restart) {
        await runtime.stop();
        runtime = await Runtime.start({ ...options, partitions, ledger: ledger.reopen() });
      }
      await pass(clock, 15_000);
      assert.deepEqual(runtime.rows("seen").map(({ row }) => (row as { calls: number }).calls), [1]);
      await runtime.stop();
    });
  }
}
