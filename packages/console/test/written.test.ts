import assert from "node:assert/strict";
import { test } from "node:test";
import { figure, time, written } from "../src/values/written.ts";

test("numbers are written so that they can be told apart, no longer", () => {
  assert.equal(figure(1201.3992), (1201).toLocaleString());
  assert.equal(figure(0.01234), (0.0123).toLocaleString(undefined, { maximumSignificantDigits: 3 }));
  assert.equal(figure(21.5, 2), (21.5).toLocaleString(undefined, { minimumFractionDigits: 2 }));
  assert.equal(figure(Infinity), "∞");
  assert.equal(figure(Number.NaN), "");
});

test("values are written by their column: unit, digits, time; lists and objects by what they hold", () => {
  const row = { speed: 12.345, at: Date.UTC(2026, 5, 1, 8, 5), all: [{ id: "C7", median: 4 }, { id: "D1", median: 5 }], none: null, ok: true };
  assert.equal(written(row, { field: "speed", title: "speed", unit: "km/h", digits: 1 }), `${(12.3).toLocaleString()} km/h`);
  assert.equal(written(row, { field: "at", title: "at", as: "time" }), time(row.at));
  assert.match(time(row.at), /08:05/);
  assert.equal(written(row, { field: "all", title: "all" }), "C7 4, D1 5");
  assert.equal(written(row, { field: "none", title: "none", unit: "s" }), "");
  assert.equal(written(row, { field: "ok", title: "ok" }), "yes");
});
