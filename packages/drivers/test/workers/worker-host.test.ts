import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";
import { eventSource, unstable, type EventOptions } from "./fixture.ts";
import { host, runHere, runInWorkers } from "./support.ts";

const FIXTURE = new URL("./fixture.ts", import.meta.url).href;
const OPTIONS: EventOptions = { chunks: 40, rows: 500 };

test("two workers give the answer of one thread", { timeout: 30_000 }, async () => {
  const here = await runHere(OPTIONS);
  const there = await runInWorkers(OPTIONS);
  assert.ok(here.rows.length > 300);
  assert.deepEqual(there.rows, here.rows);
  assert.equal(there.replaced, 0);
});

test("a source that only the main thread has is read by the workers through it", { timeout: 30_000 }, async () => {
  const runtime = await Runtime.start({
    workflows: [(await import("./fixture.ts")).perKey],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    instances: 2,
    sources: { events: eventSource(OPTIONS) },
    host: workerHost({ modules: [{ url: FIXTURE, exports: ["perKey"] }] }),
  });
  await runtime.finished;
  const rows: string[] = [];
  for await (const { value } of runtime.read("totals")) rows.push(JSON.stringify(value));
  await runtime.stop();
  assert.deepEqual(rows.sort(), (await runHere(OPTIONS)).rows);
});

test("an element that throws goes to the dead letters with the line of the workflow's file", { timeout: 30_000 }, async () => {
  const { dead, replaced } = await runInWorkers({ ...OPTIONS, troubled: [777], trouble: "throw" });
  assert.deepEqual(dead.map(({ value, reason }) => [value.id, reason]), [[777, "event 777 is not to be had"]]);
  assert.match(dead[0].stack, /maybeTrouble .*fixture\.ts:\d+:\d+/);
  const line = Number(/fixture\.ts:(\d+):/.exec(dead[0].stack)?.[1]);
  const source = await (await import("node:fs/promises")).readFile(new URL(FIXTURE), "utf8");
  assert.match(source.split("\n")[line - 1], /throw new Error\(`event/);
  assert.equal(replaced, 0);
});

test("a module that builds another graph in the worker is refused, with the remedy", { timeout: 30_000 }, async () => {
  const start = Runtime.start({
    workflows: [unstable()],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    instances: 1,
    host: workerHost({ modules: [{ url: FIXTURE, exports: ["perKey"] }] }),
  });
  await assert.rejects(start, (error) => error instanceof MillraceError && error.code === "MILLRACE_GRAPH" && /same graph each time/.test(error.message));
});

test("an export that is missing is named", { timeout: 30_000 }, async () => {
  const start = runInWorkers(OPTIONS, { host: host(OPTIONS, { modules: [{ url: FIXTURE, exports: ["perKay"] }] }) });
  await assert.rejects(start, (error) => error instanceof MillraceError && error.code === "MILLRACE_NOT_FOUND" && /perKay/.test(error.message));
});
