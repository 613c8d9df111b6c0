import assert from "node:assert/strict";
import { test } from "node:test";
import { runBounded, runLive, ways, type Answer } from "./runs.ts";
import { scenarios } from "./scenarios.ts";

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`${name}: the same answer under every cut, in any number of partitions and chunks, bounded and live`, async () => {
    const expected = await runBounded(scenario, { cut: "none", instances: 1 }, 64);
    for (const [output, lines] of Object.entries(expected)) assert.ok(lines.length > 0, `${output} is empty, so nothing was compared`);
    for (const way of ways) {
      for (const chunkSize of [7, 250]) same(await runBounded(scenario, way, chunkSize), expected, `${way.cut}/${way.instances}, chunks of ${chunkSize}`);
      same(await runLive(scenario, way, way.instances, expected), expected, `${way.cut}/${way.instances}, live`);
    }
  });
}

function same(found: Answer, expected: Answer, way: string): void {
  for (const [output, lines] of Object.entries(expected)) {
    const there = new Set(found[output]);
    const wanted = new Set(lines);
    const missing = lines.filter((line) => !there.has(line));
    const extra = found[output].filter((line) => !wanted.has(line));
    assert.deepEqual({ missing: missing.slice(0, 3), extra: extra.slice(0, 3), count: found[output].length }, { missing: [], extra: [], count: lines.length }, `${way}: ${output}`);
  }
}
