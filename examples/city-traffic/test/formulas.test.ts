import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { incrementalDelay, uniformDelay } from "../hcm-delay.ts";
import { criticalRatio, optimumCycle, websterDelay, websterTiming } from "../webster.ts";

test("Webster: flows of 500 and 300 against 1,600 with 16 s lost give 58 s, 26.25 and 15.75 green", () => {
  const ratios = [500, 300].map((flow) => criticalRatio([{ flow, saturationFlow: 1600 }]));
  const timing = websterTiming(ratios, 16);
  assertNear([timing.flowRatio, timing.cycle, ...timing.greens], [0.5, 58, 26.25, 15.75]);
  assert.equal(timing.oversaturated, false);
});

test("Webster: the cycle and greens of two and of three phases", () => {
  const two = websterTiming([0.4, 0.3], 12);
  assertNear([two.cycle, ...two.greens], [76.67, 36.95, 27.71]);
  const three = websterTiming([0.25, 0.25, 0.22], 12);
  assertNear([three.cycle, ...three.greens], [82.14, 24.36, 24.36, 21.43]);
});

test("Webster's delay of two lights", () => {
  assertNear([websterDelay({ cycle: 60, greenShare: 0.5, saturation: 0.8, flow: 0.2 })], [17.77]);
  assertNear([websterDelay({ cycle: 90, greenShare: 0.4, saturation: 0.9, flow: 0.2 })], [39.97]);
});

test("HCM 2000: uniform and incremental delay of an oversaturated approach", () => {
  const approach = { flow: 800, capacity: 775, greenShare: 0.4, cycle: 90 };
  assertNear([uniformDelay(approach), incrementalDelay(approach)], [27, 40.9]);
});

test("a phase's critical ratio is that of its worst approach", () => {
  assert.equal(criticalRatio([{ flow: 400, saturationFlow: 1600 }, { flow: 900, saturationFlow: 3600 }, { flow: 100, saturationFlow: 1800 }]), 0.25);
  assert.equal(criticalRatio([]), 0);
});

test("the cycle stays within its limits, and oversaturation gets the longest", () => {
  assert.equal(websterTiming([0.05, 0.05], 8).cycle, 30);
  assert.equal(websterTiming([0.46, 0.47], 8).cycle, 120);
  assert.deepEqual(websterTiming([0.46, 0.48], 8).oversaturated, false);
  for (const [ratios, expected] of [[[0.475, 0.475], true], [[0.9, 0.8], true]] as const) {
    const { cycle, oversaturated } = websterTiming(ratios, 8);
    assert.deepEqual([cycle, oversaturated], [120, expected]);
  }
  assert.equal(websterTiming([0.9, 0.8], 8, { longest: 90 }).cycle, 90);
  assert.equal(optimumCycle(8, 1), Infinity);
});

test("a phase that hardly anyone wants gets the least green, the other the rest", () => {
  assertNear(websterTiming([0.4, 0.01], 8).greens, [15, 7]);
  assertNear(websterTiming([0, 0], 8).greens, [11, 11]);
  const { cycle, greens } = websterTiming([0.1, 0], 8, { leastGreen: 10, shortest: 20 });
  assertNear([cycle, ...greens], [28, 10, 10]);
});

test("greens and lost time fill the cycle, and no green is below the least", () => {
  const ratio = fc.double({ min: 0, max: 1.2, noNaN: true });
  fc.assert(
    fc.property(fc.array(ratio, { minLength: 1, maxLength: 5 }), fc.double({ min: 0, max: 20, noNaN: true }), (ratios, lost) => {
      const { cycle, greens } = websterTiming(ratios, lost);
      assert.ok(Math.abs(greens.reduce((sum, green) => sum + green, lost) - cycle) < 1e-9);
      assert.ok(cycle >= 30 && cycle <= 120);
      for (const green of greens) assert.ok(green >= 7 - 1e-9, `${green}`);
    }),
    { examples: [[[5e-324], 9.99e-10]] },
  );
});

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  assert.deepEqual(actual.map((value) => value.toFixed(2)), expected.map((value) => value.toFixed(2)));
}
