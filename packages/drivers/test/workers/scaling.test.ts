import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";
import { balances, counting, requests } from "./fixture.ts";

const FIXTURE = new URL("./fixture.ts", import.meta.url).href;

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
  t.after(() => runtime.stop());
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
  const median = waits.sort((a, b) => a - b)[2];
  t.diagnostic(`first result from zero: ${waits.map((ms) => ms.toFixed(1)).join(", ")} ms`);
  assert.ok(median < 50, `${median} ms`);
});

test("without a spare the thread is started anew, and nothing is lost", { timeout: 60_000 }, async (t) => {
  const runtime = await started({ spare: false });
  t.after(() => runtime.stop());
  for (let round = 1; round < 4; round++) {
    await runtime.append(requests, [{ name: "a", amount: 1 }, { name: "b", amount: 1 }]);
    await until(() => amount(runtime, "a") === round && amount(runtime, "b") === round, "the result");
    await until(() => runtime.running === 0, "rest");
  }
});

test("atoms that come while an instance is given up are not forgotten", { timeout: 60_000 }, async (t) => {
  const runtime = await started({});
  t.after(() => runtime.stop());
  let sent = 0;
  for (let round = 0; round < 25; round++) {
    await new Promise((resolve) => setTimeout(resolve, 285 + Math.random() * 40));
    await runtime.append(requests, [{ name: "a", amount: 1 }]);
    sent++;
  }
  await until(() => amount(runtime, "a") === sent, "all results");
});

test("so many instances as are the least stay", { timeout: 60_000 }, async (t) => {
  const runtime = await started({ min: 1 });
  t.after(() => runtime.stop());
  await runtime.append(requests, [{ name: "a", amount: 1 }]);
  await until(() => runtime.running === 1, "rest of one");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(runtime.running, 1);
});

test("one instance takes in what comes first, and a second is added while there is too much for one", { timeout: 60_000 }, async (t) => {
  const runtime = await started({});
  t.after(() => runtime.stop());
  await until(() => runtime.running === 0, "rest");
  const names = Array.from({ length: 50 }, (_, i) => `slow ${i}`);
  const batch = Array.from({ length: 250 }, (_, i) => ({ name: names[i % 50], amount: 1 }));
  const seen = new Set<number>();
  let rounds = 0;
  for (const end = performance.now() + 20_000; runtime.running < 2 && performance.now() < end; rounds++) {
    await Promise.all([0, 1, 2, 3].map(() => runtime.append(requests, batch)));
    seen.add(runtime.running);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (let more = 0; more < 10; more++, rounds++) await Promise.all([0, 1, 2, 3].map(() => runtime.append(requests, batch)));
  assert.deepEqual([runtime.running, seen.has(1)], [2, true]);
  const expected = rounds * 4 * 5;
  const all = (): boolean => names.every((name) => amount(runtime, name) === expected);
  for (let waited = 0; waited < 3 && !all(); waited++) await until(all, "all results").catch(() => undefined);
  assert.deepEqual(names.map((name) => amount(runtime, name)), names.map(() => expected));
  await until(() => runtime.running === 0, "rest");
  assert.equal(runtime.replaced, 0);
});
