import assert from "node:assert/strict";
import { test } from "node:test";
import { meanDelay, SCENARIOS } from "../trial.ts";

const SEEDS = 20;

for (const [name, leastGain] of [["balanced", -0.02], ["2:1", 0.15], ["peaked", 0.15]] as const) {
  test(`Webster's control against fixed timing, ${name} demand: ${leastGain > 0 ? `at least ${leastGain * 100}% less` : "never over 2% more"} delay, in each of ${SEEDS} cities`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const fixed = meanDelay(SCENARIOS[name], "fixed", seed);
      const controlled = meanDelay(SCENARIOS[name], "webster", seed);
      assert.ok(controlled <= fixed * (1 - leastGain), `seed ${seed}: ${controlled.toFixed(1)} s instead of ${fixed.toFixed(1)} s`);
    }
  });
}
