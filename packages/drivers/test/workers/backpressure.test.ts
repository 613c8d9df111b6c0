import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";
import { slowly } from "./fixture.ts";

const FIXTURE = new URL("./fixture.ts", import.meta.url).href;
const MEGABYTE = 1024 * 1024;

test("a slow receiver slows its source: what waits between them stays small", { timeout: 60_000 }, async (t) => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 10);
  const runtime = await Runtime.start({
    workflows: [slowly],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    cut: "every",
    instances: 2,
    host: workerHost({
      modules: [{ url: FIXTURE, exports: ["slowly"] }],
      sources: { bulk: { module: FIXTURE, export: "bulkSource" } },
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    }),
  });
  t.after(() => runtime.stop());
  await runtime.finished;
  clearInterval(timer);
  let ids = 0;
  for await (const { value } of runtime.read("taken")) ids += value === -1 ? 0 : 1;
  assert.equal(ids, 40_000);
  t.diagnostic(`of 400 MB that cross two links, at most ${Math.round(most / MEGABYTE)} MB lay in the main thread`);
  assert.ok(most < 280 * MEGABYTE, `${most / MEGABYTE} MB`);
  assert.equal(runtime.replaced, 0);
});
