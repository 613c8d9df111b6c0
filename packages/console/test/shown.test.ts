import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../src/values/shown.ts";

const rows = new Map([
  ["a", { name: "a", speed: 3, open: true }],
  ["b", { name: "b", speed: 9, open: false }],
  ["c", { name: "c", speed: 7, open: true }],
  ["d", { name: "d", open: true }],
]);
const keys = (...given: Parameters<typeof shown>): readonly string[] => shown(...given).map(([key]) => key);

test("rows are chosen, ordered and limited", () => {
  assert.deepEqual(keys(rows, { where: { open: true }, order: { field: "speed", descending: false }, limit: 10 }), ["a", "c", "d"]);
  assert.deepEqual(keys(rows, { where: {}, order: { field: "speed", descending: false }, limit: 2 }), ["a", "c"]);
  assert.deepEqual(keys(rows, { where: {}, order: undefined, limit: 3 }), ["a", "b", "c"]);
});

test("the largest come first where the order says so, and a missing value is still last", () => {
  assert.deepEqual(keys(rows, { where: {}, order: { field: "speed", descending: true }, limit: 10 }), ["b", "c", "a", "d"]);
});
