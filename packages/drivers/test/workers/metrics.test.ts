import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { perKey, type EventOptions } from "./fixture.ts";
import { host } from "./support.ts";

const OPTIONS: EventOptions = { chunks: 20, rows: 500 };

test("metrics count every commit of every partition, wherever it runs", { timeout: 30_000 }, async (t) => {
  const ledger = createMemoryLedger();
  const runtime = await Runtime.start({ workflows: [perKey], ledger, clock: systemClock(), cut: "shuffle", instances: 2, host: host(OPTIONS) });
  t.after(() => runtime.stop());
  await runtime.finished;
  const { partitions, instances, replaced } = await runtime.metrics();
  assert.deepEqual([instances, replaced, partitions.size], [2, 0, 4]);
  const roots = await ledger.partitions();
  for (const [id, { commits, commitTime, bytesWritten, failures, backlogBytes }] of partitions) {
    assert.equal(commits, roots.get(id)?.version, id);
    assert.deepEqual([failures, backlogBytes], [0, 0]);
    assert.ok(bytesWritten > 0 && commitTime.p50 > 0 && commitTime.p50 <= commitTime.p99, id);
  }
});
