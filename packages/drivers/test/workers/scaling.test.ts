import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";
import { balances, counting, requests } from "./fixture.ts";

const FIXTURE = new URL("fixture.ts", import.meta.url).href;

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 4000, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function started(options: { readonly spare?: boolean; readonly min?: number }): Promise<Runtime> {
  return Runtime.start({
    workflows: [counting],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    instances: 2,
    idleAfter: 300,
    host: workerHost({ modules: [{ url: FIXTURE, exports: ["counting"] }] }),
    ...options,
  });
}

const amount = (runtime: Runtime, name: string): unknown => (runtime.get(balances, name) as { amount: number } | undefined)?.amount;

test("a workflow that rests runs no instance, and the first atom brings one back with its state", { timeout: 60_000 }, async (t) => {
  const runtime = await started({});
  await runtime.append(requests, [{ name: "a", amount: 1 }, { name: "b", amount: 10 }]);
  await until(() => amount(runtime, "a") === 1 && amount(runtime, "b") === 10, "the first result");
  const waits: number[] = [];
  for (let round = 2; round < 7; round++) {
    await until(() => runtime.running === 0, "rest");
    const begun = performance.now();
    await runtime.append(requests, [{ name: "a", amount: 1 }]);
    await until(() => amount(runtime, "a") === round, "the result");
    waits.push(performance.now() - begun);
  }
  assert.equal(runtime.replaced, 0);
  await runtime.stop();
  const median = waits.sort((a, b) => a - b)[2];
  t.diagnostic(`first result from zero: ${waits.map((ms) => ms.toFixed(1)).join(", ")} ms`);
  assert.ok(median < 50, `${median} ms`);
});

test("without a spare the thread is started anew, and nothing is lost", { timeout: 60_000 }, async () => {
  const runtime = await started({ spare: false });
  for (let round = 1; round < 4; round++) {
    await runtime.append(requests, [{ name: "a", amount: 1 }, { name: "b", amount: 1 }]);
    await until(() => amount(runtime, "a") === round && amount(runtime, "b") === round, "the result");
    await until(() => runtime.running === 0, "rest");
  }
  await runtime.stop();
});

test("atoms that come while an instance is given up are not forgotten", { timeout: 60_000 }, async () => {
  const runtime = await started({});
  let sent = 0;
  for (let round = 0; round < 25; round++) {
    await new Promise((resolve) => setTimeout(resolve, 285 + Math.random() * 40));
    await runtime.append(requests, [{ name: "a", amount: 1 }]);
    sent++;
  }
  await until(() => amount(runtime, "a") === sent, "all results");
  await runtime.stop();
});

test("so many instances as are the least stay", { timeout: 60_000 }, async () => {
  const runtime = await started({ min: 1 });
  await runtime.append(requests, [{ name: "a", amount: 1 }]);
  await until(() => runtime.running === 1, "rest of one");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(runtime.running, 1);
  await runtime.stop();
});
