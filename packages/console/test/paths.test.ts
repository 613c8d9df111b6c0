import assert from "node:assert/strict";
import { test } from "node:test";
import { at, compare, matches, withValue } from "../src/values/paths.ts";

test("a field is found in the row, or in an object inside it", () => {
  const row = { speed: 3, window: { start: 1, end: 2 }, "a.b": 4 };
  assert.equal(at(row, "speed"), 3);
  assert.equal(at(row, "window.end"), 2);
  assert.equal(at(row, "a.b"), 4);
  assert.equal(at(row, "window.middle"), undefined);
  assert.equal(at(row, "speed.inner"), undefined);
});

test("a new value leaves the old row as it is, inside objects too", () => {
  const row = { speed: 3, window: { start: 1, end: 2 } };
  assert.deepEqual(withValue(row, "window.end", 9), { speed: 3, window: { start: 1, end: 9 } });
  assert.deepEqual(withValue(row, "speed", 4), { speed: 4, window: { start: 1, end: 2 } });
  assert.deepEqual(row, { speed: 3, window: { start: 1, end: 2 } });
});

test("a row matches where it has every value; a missing one is null", () => {
  assert.equal(matches({ a: 1, b: "x" }, { a: 1, b: "x" }), true);
  assert.equal(matches({ a: 1 }, { a: 2 }), false);
  assert.equal(matches({ a: 1 }, { b: null }), true);
});

test("values are ordered as numbers or words, missing ones last", () => {
  assert.deepEqual([10, 9, undefined, 2].sort(compare), [2, 9, 10, undefined]);
  assert.deepEqual([null, 10, 9].sort(compare), [9, 10, null]);
  assert.deepEqual(["b", "a"].sort(compare), ["a", "b"]);
});
