import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, virtualClock } from "../../src/memory/clock.ts";

test("the virtual clock runs callbacks in order of time, then of registration, at their own time", () => {
  const clock = virtualClock(100);
  const seen: string[] = [];
  clock.at(130, () => seen.push(`c${clock.now()}`));
  clock.at(110, () => seen.push(`a${clock.now()}`));
  clock.at(110, () => {
    seen.push(`b${clock.now()}`);
    clock.at(120, () => seen.push(`nested${clock.now()}`));
    clock.at(5, () => seen.push(`past${clock.now()}`));
  });
  clock.at(131, () => seen.push("never"));
  clock.advance(30);
  assert.deepEqual(seen, ["a110", "b110", "past110", "nested120", "c130"]);
  assert.equal(clock.now(), 130);
  assert.equal(clock.next(), 131);
});

test("a cancelled callback does not run, also when cancelled by one of the same time", () => {
  const clock = virtualClock();
  let runs = 0;
  clock.at(10, () => cancel());
  const cancel = clock.at(10, () => runs++);
  clock.advanceTo(10);
  assert.equal(runs, 0);
  assert.equal(clock.next(), Infinity);
  assert.throws(() => clock.advanceTo(9), RangeError);
});

test("many callbacks in random order run sorted", () => {
  const clock = virtualClock();
  const seen: number[] = [];
  for (let i = 0; i < 2_000; i++) clock.at((i * 7919) % 2003, () => seen.push(clock.now()));
  clock.advanceTo(3_000);
  assert.equal(seen.length, 2_000);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
});

test("the system clock calls back at or after the time, and not when cancelled", async () => {
  const clock = systemClock();
  const due = clock.now() + 20;
  clock.at(Infinity, () => assert.fail("infinity came"));
  const cancel = clock.at(clock.now() + 2 ** 40, () => assert.fail("a far time came at once"));
  const at = await new Promise<number>((resolve) => clock.at(due, () => resolve(clock.now())));
  cancel();
  assert.ok(at >= due);
});
