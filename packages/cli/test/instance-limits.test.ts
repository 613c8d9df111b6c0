import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError, start } from "millrace";
import { pages, visits } from "./resting-workflow.ts";

const MODULE = new URL("./resting-workflow.ts", import.meta.url);

test("within its limits an app rests on the fewest instances, and goes on when atoms come", { timeout: 30_000 }, async () => {
  for (const min of [0, 1]) {
    await using app = await start(MODULE, { instances: { min, max: 2, idleAfter: "100ms" } });
    for (let round = 1; round <= 2; round++) {
      await app.topic(visits).append([{ page: "a" }, { page: "b" }]);
      await until(() => app.collection(pages).rows().every((row) => row.visits === round) && app.collection(pages).rows().length === 2);
      await until(async () => {
        const { instances, partitions } = await app.metrics();
        const open = [...partitions.values()].filter((one) => one.instances === 1 && one.state !== undefined);
        return instances === min && open.length === (min === 0 ? 0 : partitions.size / 2);
      });
    }
    const { atomsIn, replaced } = await app.metrics();
    assert.deepEqual([atomsIn, replaced], [4, 0]);
  }
});

test("limits that cannot be are refused", async () => {
  for (const instances of [0, 1.5, { max: 0 }, { min: 3, max: 2 }, { min: -1, max: 2 }, { max: 2, idleAfter: "soon" as "1s" }, { max: 2, memory: 10 }, { max: 2, idelAfter: "1s" } as never]) {
    await assert.rejects(start(MODULE, { instances }), (error) => error instanceof MillraceError && error.code === "MILLRACE_USAGE");
  }
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    assert.ok(tries < 2000, "waited too long");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
