import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { sink } from "../../src/streams/sink.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { valuesOf } from "./support.ts";

const clock = systemClock();
const [a, b, copyOfA, copyOfB] = ["a", "b", "copy-of-a", "copy-of-b"].map((name) => topic<number>(name));

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await done()); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const cut of ["none", "shuffle"] as const) {
  test(`a source goes on where it was when another comes before it (${cut})`, { timeout: 10_000 }, async () => {
    const ledger = createMemoryLedger();
    const before = workflow("w", (flow) => flow.from(b).map((n) => n).to(copyOfB));
    const after = workflow("w", (flow) => {
      flow.from(a).map((n) => n).to(copyOfA);
      flow.from(b).map((n) => n).to(copyOfB);
    });
    const first = await Runtime.start({ workflows: [before], clock, ledger, cut });
    await first.append(b, [1, 2, 3]);
    await until(async () => (await valuesOf(first, "copy-of-b")).length === 3);
    await first.stop();
    const second = await Runtime.start({ workflows: [after], clock, ledger, cut });
    await second.append(a, [10]);
    await second.append(b, [4]);
    await until(async () => (await valuesOf(second, "copy-of-a")).length === 1 && (await valuesOf(second, "copy-of-b")).length >= 4);
    assert.deepEqual(await valuesOf(second, "copy-of-b"), [1, 2, 3, 4]);
    await second.stop();
  });
}

test("rows on their way to a sink reach it when another sink comes before it", { timeout: 10_000 }, async () => {
  const memory = createMemoryLedger();
  const written: number[] = [];
  let calls = 0;
  const write = async (rows: readonly { readonly value: number }[]): Promise<void> => {
    // The first process is killed while it writes.
    if (calls++ === 0) await new Promise(() => undefined);
    written.push(...rows.map(({ value }) => value));
  };
  const outside = sink<number>("outside", { write });
  const before = workflow("w", (flow) => flow.from(b).to(outside));
  const after = workflow("w", (flow) => {
    const numbers = flow.from(b);
    numbers.to(copyOfB);
    numbers.to(outside);
  });
  const first = await Runtime.start({ workflows: [before], clock, ledger: memory });
  await first.append(b, [1, 2, 3]);
  await until(() => calls === 1);
  const second = await Runtime.start({ workflows: [after], clock, ledger: memory.reopen() });
  await second.append(b, [4]);
  await until(() => written.includes(4));
  assert.deepEqual(written, [1, 2, 3, 4]);
  await second.stop();
});
