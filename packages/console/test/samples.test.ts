import assert from "node:assert/strict";
import { test } from "node:test";
import { Samples } from "../src/values/samples.ts";

test("series stay as long as their time line, gaps included", () => {
  const samples = new Samples(3)
    .with(1, new Map([["a", 10]]))
    .with(2, new Map([["a", 11], ["b", 5]]))
    .with(3, new Map([["b", 6]]))
    .with(4, new Map([["a", 12], ["b", 7]]));
  assert.deepEqual(samples.times, [2, 3, 4]);
  assert.deepEqual(samples.series.get("a"), [11, null, 12]);
  assert.deepEqual(samples.series.get("b"), [5, 6, 7]);
});
