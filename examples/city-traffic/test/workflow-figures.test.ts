import assert from "node:assert/strict";
import { test } from "node:test";
import { figures, figuresBetween, type Totals } from "../workflow-figures.ts";

test("throughput and latency of a workflow are those since the measurement before", () => {
  const before: Totals = { at: 10_000, workflows: new Map([["ranking", { atoms: 1000, latency: { count: 10, sum: 500 }, p99: 90 }]]) };
  const now: Totals = {
    at: 12_000,
    workflows: new Map([
      ["ranking", { atoms: 5000, latency: { count: 30, sum: 700 }, p99: 95 }],
      ["busy", { atoms: 0, latency: { count: 0, sum: 0 }, p99: 0 }],
    ]),
  };
  assert.deepEqual(figuresBetween(before, now), [
    { workflow: "ranking", at: 12_000, rate: 2000, latency: 10, p99: 95 },
    { workflow: "busy", at: 12_000, rate: 0, latency: null, p99: 0 },
  ]);
});

test("figures of the last five minutes are kept", () => {
  const keys = new Set(Array.from({ length: 1000 }, (_, i) => String(figures.key({ workflow: "busy", at: 2000 * i, rate: 0, latency: null, p99: 0 }))));
  assert.equal(keys.size, 150);
});
