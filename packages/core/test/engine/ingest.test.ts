import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commit } from "../../src/contracts/ledger.ts";
import { Ingest } from "../../src/engine/ingest.ts";
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
