import assert from "node:assert/strict";
import { test } from "node:test";
import { AppendTimes } from "../../../src/engine/metrics/append-times.ts";
import { measuringTime } from "../../../src/engine/metrics/measuring-time.ts";

test("an atom's time is that of its append, however many there are; what was there before has none", () => {
  const times = new AppendTimes();
  const begun = measuringTime();
  const each: number[] = [];
  for (let i = 0; i < 30_000; i++) {
    times.note({ topic: "t", partition: 1, count: 3, bytes: new Uint8Array(1) }, 10 + i * 3);
    each.push(measuringTime());
  }
  assert.equal(times.at("t", 1, 9), undefined);
  assert.equal(times.at("t", 0, 10), undefined);
  assert.equal(times.at("t", 1, 10 + 30_000 * 3), undefined);
  let last = begun;
  for (let i = 0; i < 30_000; i += 7) {
    const at = times.at("t", 1, 12 + i * 3) ?? Number.NaN;
    assert.ok(at >= last && at <= each[i], `append ${i}`);
    last = at;
  }
});
