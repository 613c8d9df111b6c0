import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commit } from "../../src/contracts/ledger.ts";
import { ObjectRows } from "../../src/codec/formats/struct-rows.ts";
import { Ingest, type AppendRequest } from "../../src/engine/ingest.ts";
import { MillraceError } from "../../src/errors.ts";
import { topic } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";

const numbers = topic<unknown>("numbers");

test("after an append that failed, applied or not, others go on, also those that waited behind it", async () => {
  const memory = createMemoryLedger();
  let failing: "before" | "after" | undefined;
  const commit = async (made: Commit): ReturnType<typeof memory.commit> => {
    const failure = failing;
    failing = undefined;
    if (failure === "before") throw new MillraceError("MILLRACE_STORE_FULL", "store", "has no room", { retryable: true });
    const result = await memory.commit(made);
    if (failure === "after") throw new MillraceError("MILLRACE_UNKNOWN_OUTCOME", "store", "did not answer", { retryable: true });
    return result;
  };
  const ingest = new Ingest({ ...memory, commit }, systemClock());
  await ingest.append(numbers, [1]);
  for (const when of ["before", "after"] as const) {
    failing = when;
    const [failed, behind] = await Promise.allSettled([ingest.append(numbers, [2]), ingest.append(numbers, [3])]);
    assert.equal(failed.status, "rejected");
    assert.equal(behind.status, "fulfilled");
    await ingest.append(numbers, [4]);
  }
  assert.equal((await memory.range("numbers", 0)).end, 1 + 2 + 3);
});

test("a request with a key takes effect once, also after a restart, and its repeats are told", async () => {
  const memory = createMemoryLedger();
  const parts = [{ topic: numbers, rows: new ObjectRows([1, 2]) }];
  const key = { text: "numbers a", fingerprint: 7 };
  const ingest = new Ingest(memory, systemClock());
  const [first, together] = await Promise.all([ingest.request({ parts, key }), ingest.request({ parts, key })]);
  assert.deepEqual([first, together], [[2], [0]]);
  await assert.rejects(ingest.request({ parts, key: { ...key, fingerprint: 8 } }), { code: "MILLRACE_CONFLICT" });
  const restarted = new Ingest(memory.reopen(), systemClock());
  assert.deepEqual(await restarted.request({ parts, key }), [0]);
  assert.deepEqual(await restarted.request({ parts, key: { text: "numbers b", fingerprint: 7 } }), [2]);
});

test("rows with keys are appended once each, in one batch or several", async () => {
  const memory = createMemoryLedger();
  const ingest = new Ingest(memory, systemClock());
  const rows = (...values: readonly number[]): AppendRequest => ({
    parts: [{ topic: numbers, rows: new ObjectRows(values), keys: values.map((value) => ({ text: `numbers ${value}`, fingerprint: 0 })) }],
  });
  assert.deepEqual(await ingest.request(rows(1, 2, 1)), [2]);
  assert.deepEqual(await ingest.request(rows(2, 3)), [1]);
  assert.equal((await memory.range("numbers", 0)).end, 3);
});

test("a request that fails takes its keys back, and a commit that failed forgets them", async () => {
  const memory = createMemoryLedger();
  let full = false;
  const commit = (made: Commit): ReturnType<typeof memory.commit> =>
    full ? Promise.reject(new MillraceError("MILLRACE_STORE_FULL", "store", "has no room", { retryable: true })) : memory.commit(made);
  const ingest = new Ingest({ ...memory, commit }, systemClock());
  const key = { text: "numbers a", fingerprint: 0 };
  await assert.rejects(ingest.request({ parts: [{ topic: numbers, rows: new ObjectRows([() => 1]) }], key }));
  full = true;
  await assert.rejects(ingest.request({ parts: [{ topic: numbers, rows: new ObjectRows([1]) }], key }), { code: "MILLRACE_STORE_FULL" });
  full = false;
  assert.deepEqual(await ingest.request({ parts: [{ topic: numbers, rows: new ObjectRows([1]) }], key }), [1]);
});

test("requests that wait for a commit share the next one", async () => {
  const memory = createMemoryLedger();
  let commits = 0;
  const commit = (made: Commit): ReturnType<typeof memory.commit> => {
    commits++;
    return memory.commit(made);
  };
  const ingest = new Ingest({ ...memory, commit }, systemClock());
  await Promise.all(Array.from({ length: 20 }, (_, i) => ingest.append(numbers, [i])));
  assert.equal((await memory.range("numbers", 0)).end, 20);
  assert.ok(commits <= 3, `${commits} commits`);
});
