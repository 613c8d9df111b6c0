import assert from "node:assert/strict";
import { test } from "node:test";
import { sendThroughKills } from "./killed-load.ts";

test("a hundred kills, and every acknowledged atom is there exactly once", async (t) => {
  const { batches, repeats } = await sendThroughKills(t, 100);
  t.diagnostic(`${batches} batches acknowledged, ${repeats} sent again`);
  assert.ok(batches > 500);
});
