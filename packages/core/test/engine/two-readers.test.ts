import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, valuesOf } from "./support.ts";

const numbers = topic<number>("numbers");
const input = Array.from({ length: 2000 }, (_, n) => n);
const total = (input.length * (input.length - 1)) / 2;

test("two sources of one topic, in one workflow and in another, each read all of it, stopped and started", async () => {
  const outs = ["a", "b", "c"].map((name) => topic<number>(name));
  const reading = (flow: Parameters<Parameters<typeof workflow>[1]>[0], out: number) => {
    flow
      .from(numbers, { time: (n) => n })
      .window(tumbling(100))
      .aggregate({ sum: sum((n) => n) })
      .map((row) => row.sum)
      .to(outs[out]);
  };
  const workflows = [
    workflow("one", (flow) => {
      reading(flow, 0);
      reading(flow, 1);
    }),
    workflow("two", (flow) => reading(flow, 2)),
  ];
  for (const [cut, instances] of [["none", 1], ["shuffle", 2], ["every", 4]] as const) {
    let ledger = createMemoryLedger();
    for (let round = 0; ; round++) {
      let left = round < 3 ? 12 : Infinity;
      const enough = Promise.withResolvers<boolean>();
      const source = arraySource("numbers", input, 30, async () => {
        if (--left === 0) enough.resolve(false);
        await new Promise((resolve) => setImmediate(resolve));
      });
      const runtime = await Runtime.start({ workflows, clock: systemClock(), ledger, cut, instances, sources: { numbers: source } });
      const finished = await Promise.race([runtime.finished.then(() => true), enough.promise]);
      const sums = await Promise.all(outs.map(async ({ name }) => (await valuesOf(runtime, name)).reduce<number>((all, n) => all + Number(n), 0)));
      await runtime.stop();
      if (!finished) {
        ledger = ledger.reopen();
        continue;
      }
      assert.deepEqual(sums, [total, total, total], `cut ${cut}`);
      break;
    }
  }
});
