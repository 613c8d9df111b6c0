import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "../../../src/engine/metrics/rate.ts";

const START = 1_700_000_000_000;

test("a steady stream has its rate, soon and for ever", () => {
  const rate = new Rate();
  for (let ms = 0; ms < 60_000; ms += 100) {
    rate.add(50, START + ms);
    if (ms >= 3000) assert.ok(Math.abs(rate.perSecond(START + ms + 100) - 500) < 20, `${ms}: ${rate.perSecond(START + ms + 100)}`);
  }
});

test("what stopped more than eleven seconds ago is forgotten", () => {
  const rate = new Rate();
  assert.equal(rate.perSecond(START), 0);
  rate.add(1000, START);
  assert.equal(rate.perSecond(START + 500), 1000);
  assert.equal(rate.perSecond(START + 5000), 200);
  assert.equal(rate.perSecond(START + 11_001), 0);
});
