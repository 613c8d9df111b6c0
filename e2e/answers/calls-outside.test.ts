import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { count, topic, tumbling, workflow, type Call } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock, type Commit, type MemoryLedger, type RuntimeOptions } from "@millrace/core/internal";
import { arraySource } from "./runs.ts";

interface Order {
  readonly id: number;
  readonly at: number;
}

const ORDERS = Array.from({ length: 400 }, (_, id): Order => ({ id, at: id * 1000 }));
const orders = topic<Order>("orders");
const checked = topic<{ readonly id: number; readonly attempt: number }>("checked");
const perMinute = topic<{ readonly n: number }>("perMinute");

for (const cut of ["none", "every"] as const) {
  test(`calls that a lost owner had made are repeated with the same key, and one result of each counts (${cut})`, async () => {
    const ledger = createMemoryLedger();
    const keys = new Map<number, Set<string>>();
    let calls = 0;
    const { promise: midway, resolve } = Promise.withResolvers<void>();
    const options = optionsFor(cut, async ({ id }, { key, attempt }) => {
      if (++calls === 150) resolve();
      keys.set(id, (keys.get(id) ?? new Set()).add(key));
      await sleep(id % 4);
      if (id % 7 === 0 && attempt === 1) throw new Error("busy");
      return { id, attempt };
    });
    let alive = true;
    await Runtime.start({ ...options, ledger: untilLost(ledger, () => alive) });
    await midway;
    // The owner is lost while the calls of a step are under way: that step never commits.
    alive = false;
    const runtime = await Runtime.start({ ...options, ledger });
    await runtime.finished;
    await runtime.stop();

    assert.deepEqual((await valuesOf(runtime, checked.name)).map((value) => (value as { id: number }).id).sort((a, b) => a - b), ORDERS.map(({ id }) => id));
    assert.ok(calls > ORDERS.length * (8 / 7), `${calls} calls, so none was repeated`);
    assert.ok([...keys.values()].every((of) => of.size === 1), "a repeat had another key");
    assert.equal(new Set([...keys.values()].flatMap((of) => [...of])).size, ORDERS.length);
    // No window closed before the results that belong to it were in.
    const windows = (await valuesOf(runtime, perMinute.name)) as { readonly n: number }[];
    assert.equal(windows.reduce((all, { n }) => all + n, 0), ORDERS.length);
  });
}

test("a slow service slows the source: one step's elements wait at most", async () => {
  let read = 0;
  let answered = 0;
  let most = 0;
  const options = optionsFor("none", async ({ id }) => {
    await sleep(1);
    answered++;
    return { id, attempt: 1 };
  });
  const pause = (): Promise<void> => {
    read += 20;
    most = Math.max(most, read - answered);
    return Promise.resolve();
  };
  const source = arraySource("orders", ORDERS, 20, { pause });
  const runtime = await Runtime.start({ ...options, ledger: createMemoryLedger(), sources: { orders: source } });
  await runtime.finished;
  await runtime.stop();
  assert.equal(answered, ORDERS.length);
  // Eight calls at a time, chunks of 20: the step stops reading once more wait than can be called.
  assert.ok(most <= 8 + 2 * 20, `${most} orders were in memory`);
});

function optionsFor(cut: "none" | "every", check: (order: Order, call: Call) => Promise<{ id: number; attempt: number }>): Omit<RuntimeOptions, "ledger"> {
  const checking = workflow("checking", (flow) => {
    const results = flow
      .from(orders, { time: (o) => o.at })
      .mapAsync(check, { concurrency: 8, timeout: "5s", retries: { backoff: "1ms" } });
    results.to(checked);
    results.window(tumbling("1m")).aggregate({ n: count() }).to(perMinute);
  });
  return { workflows: [checking], clock: systemClock(), cut, sources: { orders: arraySource("orders", ORDERS, 20) } };
}

/** A ledger as a process sees it that is cut off: from then on its commits neither happen nor end. */
function untilLost(ledger: MemoryLedger, isAlive: () => boolean): MemoryLedger {
  return new Proxy(ledger, {
    get(target, name: keyof MemoryLedger) {
      if (name === "commit") return (commit: Commit) => (isAlive() ? target.commit(commit) : new Promise<never>(() => undefined));
      const member: unknown = target[name];
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

async function valuesOf(runtime: Runtime, name: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { value } of runtime.read(name)) values.push(value);
  return values;
}
