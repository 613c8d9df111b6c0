import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { killWorkers, runHere, runInWorkers } from "./support.ts";

const OPTIONS = { chunks: 300, rows: 2000 };
/** Less than one partition needs, so that each worker has one of its eight open. */
const LIMITS = { partitions: 16, stateMemory: 64 * 1024 };

test("partitions take turns in workers that are ended at random moments, and nothing is lost or done twice", { timeout: 120_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "millrace-turns-"));
  t.after(() => rm(directory, { recursive: true }));
  const expected = await runHere(OPTIONS);
  const ledger = await openEmbeddedLedger({ directory });
  let turns = 0;
  const fence = (partition: string): ReturnType<typeof ledger.fence> => {
    turns++;
    return ledger.fence(partition);
  };
  const kills = killWorkers(20);
  const { rows, dead, replaced } = await runInWorkers(OPTIONS, { ledger: { ...ledger, fence }, limits: LIMITS });
  kills.end();
  await ledger.close();
  assert.deepEqual(dead, []);
  assert.deepEqual(rows, expected.rows);
  assert.ok(turns > 2 * LIMITS.partitions, `${turns} times a partition was opened`);
  t.diagnostic(`${turns} times a partition was opened, ${replaced} workers were replaced`);
});
