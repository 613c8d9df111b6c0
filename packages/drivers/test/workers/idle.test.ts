import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";
import { impatient, readings, windows } from "./idle-fixture.ts";

test("a silent split keeps time with one that another worker reads", { timeout: 60_000 }, async (t) => {
  const runtime = await Runtime.start({
    workflows: [impatient],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    instances: 2,
    host: workerHost({ modules: [{ url: new URL("./idle-fixture.ts", import.meta.url).href, exports: ["impatient"] }] }),
  });
  t.after(() => runtime.stop());
  await runtime.append(readings, Array.from({ length: 8 }, (_, id) => ({ id, room: "one", at: id })));
  const found = new Set<number>();
  for (let i = 0; found.size < 8; i++) {
    assert.ok(i < 500, "waited too long");
    await runtime.append(readings, [{ id: 8 + i, room: "one", at: 120_000 + i }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for await (const { value } of runtime.read(windows.name)) for (const id of (value as { ids: number[] }).ids) found.add(id);
  }
  assert.deepEqual([...found].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7]);
});
