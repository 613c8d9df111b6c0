import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { perKey, type EventOptions } from "./fixture.ts";
import { host } from "./support.ts";

const OPTIONS: EventOptions = { chunks: 20, rows: 500 };
const ATOMS = OPTIONS.chunks * OPTIONS.rows;

test("metrics count every commit of every partition, wherever it runs", { timeout: 30_000 }, async (t) => {
  const ledger = createMemoryLedger();
  const runtime = await Runtime.start({ workflows: [perKey], ledger, clock: systemClock(), cut: "shuffle", instances: 2, host: host(OPTIONS) });
  t.after(() => runtime.stop());
  await runtime.finished;
  const { partitions, stages, instances, replaced } = await runtime.metrics();
  assert.deepEqual([instances, replaced, partitions.size, stages.size], [2, 0, 4, 2]);
  const roots = await ledger.partitions();
  for (const [id, { commits, commitTime, stepTime, failures, backlog, used, watermark, instances: held }] of partitions) {
    assert.equal(commits, roots.get(id)?.version, id);
    assert.equal(used.invocations, commits, id);
    assert.deepEqual([failures, backlog, watermark, held], [0, { batches: 0, bytes: 0, atoms: 0 }, Infinity, 1]);
    assert.ok(used.bytesWritten > 0 && commitTime.p50 > 0 && commitTime.p50 <= commitTime.p99, id);
    assert.ok(stepTime.count === commits && used.busy > 0 && used.gigabyteSeconds > 0, id);
  }
  const [readers, keyed] = [...stages.values()];
  assert.deepEqual([readers.atomsRead, readers.instances, keyed.atomsRead], [ATOMS, 2, 0]);
  assert.equal(keyed.atomsIn, readers.atomsSent);
  assert.equal(readers.latency.count, ATOMS);
  // What the second stage commits was read by the first one before.
  assert.ok(keyed.latency.p99 > 0 && keyed.latency.p99 < 30_000 && (keyed.state?.rows ?? -1) >= 0);

  await runtime.stop();
  const after = await runtime.metrics();
  assert.deepEqual([...after.stages.values()].map(({ atomsIn }) => atomsIn), [readers.atomsIn, keyed.atomsIn]);
});
