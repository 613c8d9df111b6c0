import assert from "node:assert/strict";
import { test } from "node:test";
import { Rest } from "../../../src/engine/hosting/rest.ts";
import { virtualClock } from "../../../src/memory/clock.ts";

test("what was wanted for nothing is closed later, not never", () => {
  const clock = virtualClock();
  const begun: number[] = [];
  const rest: Rest = new Rest(clock, 1_000, () => {
    if (rest.begin()) begun.push(clock.now() - start);
  });
  const start = clock.now();
  rest.tell("a", true, 1);
  clock.advanceTo(start + 900);
  // It concerns another partition that reads the topic: this one does not even wake up.
  assert.equal(rest.wanted(), false);
  clock.advanceTo(start + 1_000);
  assert.deepEqual(begun, []);
  clock.advanceTo(start + 3_000);
  assert.deepEqual(begun, [1_900]);
});
