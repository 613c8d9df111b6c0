import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { createMemoryLedger, Runtime } from "@millrace/core/internal";
import { randomNumbers } from "./random-numbers.ts";
import { answerOf, bounded, runBounded, ways, type Answer } from "./runs.ts";
import { scenarios } from "./scenarios.ts";

const ROUNDS = 4;

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`${name}: the same answer when it is stopped again and again and goes on by another plan`, async () => {
    const expected = await runBounded(scenario, { cut: "none", instances: 1 }, 64);
    const random = randomNumbers(name.length);
    for (let round = 0; round < ROUNDS; round++) {
      let ledger = createMemoryLedger();
      let found: Answer | undefined;
      const told: string[] = [];
      while (found === undefined) {
        const way = ways[Math.floor(random() * ways.length)];
        told.push(`${way.cut}/${way.instances}`);
        let chunks = 2 + Math.floor(random() * 20);
        const { promise: enough, resolve } = Promise.withResolvers<void>();
        const runtime = await Runtime.start(
          bounded(scenario, way, 40, ledger, async () => {
            if (chunks-- === 0) resolve();
            await turn();
          }),
        );
        const finished = await Promise.race([runtime.finished.then(() => true), enough.then(() => false)]);
        if (finished) found = await answerOf(runtime, scenario);
        await runtime.stop();
        ledger = ledger.reopen();
      }
      assert.ok(told.length > 1, "it was never stopped");
      assert.deepEqual(found, expected, `round ${round}: ${told.join(" > ")}`);
    }
  });
}
