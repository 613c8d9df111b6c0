import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "@millrace/core";
import type { Host, HostEnvironment, Ledger } from "@millrace/core/internal";
import { BatchDecoder, ByteReader, Coordinator, createMemoryLedger, DEFAULT_KEY_GROUPS, generatorSource, inThreadHost, planWorkflow, systemClock } from "@millrace/core/internal";
import { eventSource, perKey, type EventOptions } from "./fixture.ts";
import { host, runHere } from "./support.ts";

const OPTIONS: EventOptions = { chunks: 20, rows: 200 };

test("an instance whose commits were held up while its partitions were taken over commits nothing", { timeout: 60_000 }, async () => {
  const held = Promise.withResolvers<void>();
  const frozen = (ledger: Ledger): Ledger => ({ ...ledger, commit: async (commit) => held.promise.then(() => ledger.commit(commit)) });
  const { rows, failures } = await takeOver({ first: inThreadHost(), second: inThreadHost(), firstLedger: frozen, wake: () => held.resolve() });
  assert.deepEqual(rows, (await runHere(OPTIONS)).rows);
  assertFenced(failures);
});

test("a worker that wakes after its partitions were taken over commits nothing", { timeout: 60_000 }, async () => {
  const first = host({ ...OPTIONS, troubled: [2500], trouble: "pause" });
  const { rows, failures } = await takeOver({ first, second: host(OPTIONS), wake: () => undefined });
  assert.deepEqual(rows, (await runHere(OPTIONS)).rows);
  assertFenced(failures);
});

interface TakeOver {
  readonly first: Host;
  readonly second: Host;
  readonly firstLedger?: (ledger: Ledger) => Ledger;
  /** Called when the second instance has done everything. */
  readonly wake: () => void;
}

/** Two instances over one ledger: the second takes every partition from the first, which knows nothing of it, and ends the run. */
async function takeOver({ first, second, firstLedger, wake }: TakeOver): Promise<{ rows: string[]; failures: readonly unknown[] }> {
  const clock = systemClock();
  const store = createMemoryLedger();
  const plans = [planWorkflow(perKey, { cut: "shuffle", partitions: 2 })];
  const coordinator = new Coordinator({ plans, ledger: store, clock });
  await coordinator.load();
  const failures: unknown[] = [];
  const environment = (ledger: Ledger, finished: (partition: string) => void, failed: (error: unknown) => void): HostEnvironment => ({
    plans,
    ports: {
      ledger,
      clock,
      chain: coordinator.chain,
      keyGroups: DEFAULT_KEY_GROUPS,
      source: (topic) => Promise.resolve(generatorSource(topic, eventSource(OPTIONS), clock)),
      finished,
      failed: (_partition, error) => failed(error),
    },
    bound: () => undefined,
    topics: store,
    signal: { onGrowth: () => () => undefined },
    lost: failed,
  });
  const ledger = coordinator.ledgerForPartitions();
  const zombie = await first.start(environment(firstLedger?.(ledger) ?? ledger, () => undefined, (error) => failures.push(error)));
  await coordinator.assign(() => zombie);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const heir = await second.start(environment(ledger, (partition) => coordinator.finished(partition), (error) => coordinator.failed("", error)));
  await coordinator.assign(() => heir);
  await coordinator.done;
  wake();
  await failing(failures);
  await heir.stop();
  await zombie.terminate();
  return { rows: await totals(store), failures };
}

/** Waits until the zombie has tried to commit. */
async function failing(failures: readonly unknown[]): Promise<void> {
  for (let tries = 0; failures.length === 0 && tries < 1000; tries++) await new Promise((resolve) => setTimeout(resolve, 25));
}

function assertFenced(failures: readonly unknown[]): void {
  assert.ok(failures.length > 0, "the first instance noticed nothing");
  for (const error of failures) assert.ok(error instanceof MillraceError && error.code === "MILLRACE_FENCED", String(error));
}

async function totals(store: ReturnType<typeof createMemoryLedger>): Promise<string[]> {
  const rows: string[] = [];
  const decoder = new BatchDecoder(undefined);
  for (const { bytes } of await store.read("totals", 0, 0, Infinity)) {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const batch = decoder.decode(reader);
      for (let row = 0; row < batch.count; row++) rows.push(JSON.stringify(batch.rows.get(row)));
    }
  }
  return rows.sort();
}
