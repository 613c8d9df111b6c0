import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StateBlock } from "../../src/contracts/ledger.ts";
import { LONGEST_REQUEST_KEY, RequestKeys, REQUEST_KEYS_TABLE } from "../../src/engine/request-keys.ts";
import { createMemoryLedger, type MemoryLedger } from "../../src/memory/ledger.ts";

const HOUR = 3_600_000;

test("keys are known for the time that is promised, restarts or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ after: fc.integer({ min: 0, max: 3 * HOUR }), key: fc.nat(40), restart: fc.boolean() }), { maxLength: 120 }), async (steps) => {
      const store = await newStore();
      let keys = await RequestKeys.load(store.ledger, { keep: 24 * HOUR, bytes: Infinity });
      const noted = new Map<number, number>();
      let now = 0;
      for (const { after, key, restart } of steps) {
        now += after;
        const added = keys.add({ text: `key ${key}`, fingerprint: key }, now);
        const age = now - (noted.get(key) ?? -Infinity);
        if (age <= 24 * HOUR) assert.equal(added, false, `key ${key} was forgotten after ${age / HOUR} h`);
        if (added) noted.set(key, now);
        await store.commit(keys.takeBlocks());
        if (restart) keys = await RequestKeys.load(store.ledger, { keep: 24 * HOUR, bytes: Infinity });
      }
    }),
    { numRuns: 50 },
  );
});

test("above the bound the oldest keys go first, and what is stored stays bounded", async () => {
  const store = await newStore();
  const limits = { keep: 24 * HOUR, bytes: 100_000 };
  let keys = await RequestKeys.load(store.ledger, limits);
  for (let i = 0; i < 20_000; i++) {
    assert.equal(keys.add({ text: `key ${i}`, fingerprint: 0 }, i), true);
    if (i % 10 === 0) await store.commit(keys.takeBlocks());
  }
  await store.commit(keys.takeBlocks());
  keys = await RequestKeys.load(store.ledger, limits);
  assert.equal(keys.add({ text: "key 19000", fingerprint: 0 }, 20_000), false);
  assert.equal(keys.add({ text: "key 10", fingerprint: 0 }, 20_000), true);
  let stored = 0;
  for (const group of await store.ledger.groups(REQUEST_KEYS_TABLE)) for (const block of await store.ledger.state({ table: REQUEST_KEYS_TABLE, group })) stored += block.length;
  assert.ok(stored < 100_000, `${stored} bytes`);
});

test("a restart goes on with the newest keys, also where many came in one moment or the clock went back", async () => {
  const store = await newStore();
  const limits = { keep: 24 * HOUR, bytes: 20_000 };
  let keys = await RequestKeys.load(store.ledger, limits);
  for (const [round, now] of [5_000, 5_000, 5_000, 4_000].entries()) {
    for (let i = 0; i < 45; i++) keys.add({ text: `round ${round}, ${i}`, fingerprint: 0 }, now);
    await store.commit(keys.takeBlocks());
    keys = await RequestKeys.load(store.ledger, limits);
    for (let before = 0; before <= round; before++) {
      for (let i = 0; i < 45; i++) assert.equal(keys.add({ text: `round ${before}, ${i}`, fingerprint: 0 }, now), false, `round ${before}, ${i}, after round ${round}`);
    }
  }
});

test("a key is refused for another request, and where it is too long", async () => {
  const keys = await RequestKeys.load(createMemoryLedger(), { keep: HOUR, bytes: Infinity });
  keys.add({ text: "a", fingerprint: 1 }, 0);
  assert.throws(() => keys.add({ text: "a", fingerprint: 2 }, 0), { code: "MILLRACE_CONFLICT" });
  assert.throws(() => keys.add({ text: "a".repeat(LONGEST_REQUEST_KEY + 1), fingerprint: 2 }, 0), { code: "MILLRACE_USAGE" });
});

async function newStore(): Promise<{ readonly ledger: MemoryLedger; commit(state: readonly StateBlock[]): Promise<void> }> {
  const ledger = createMemoryLedger();
  const { epoch } = await ledger.fence("ingest");
  let version = 0;
  return {
    ledger,
    commit: async (state) => {
      const result = await ledger.commit({ partition: "ingest", epoch, version: ++version, progress: new Uint8Array(0), wakeAt: Infinity, state, sends: [], applied: [], appends: [] });
      assert.equal(result.outcome, "applied");
    },
  };
}
