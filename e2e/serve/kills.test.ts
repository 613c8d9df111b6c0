import assert from "node:assert/strict";
import { test } from "node:test";
import { sendThroughKills } from "./killed-load.ts";

test("every acknowledged atom is there exactly once, though the server is killed while it takes them in", async (t) => {
  const { batches, repeats } = await sendThroughKills(t, 5);
  assert.ok(batches > 20, `${batches} batches`);
  assert.ok(repeats > 0);
});
