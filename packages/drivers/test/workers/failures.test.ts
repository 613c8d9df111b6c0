import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventOptions, Trouble } from "./fixture.ts";
import { host, killWorkers, runHere, runInWorkers } from "./support.ts";

const OPTIONS: EventOptions = { chunks: 40, rows: 500 };

/** The answer without the events that are given up. */
async function without(ids: readonly number[]): Promise<readonly string[]> {
  return (await runHere({ ...OPTIONS, troubled: ids, trouble: "throw" })).rows;
}

const REASONS: Partial<Record<Trouble, RegExp>> = { exit: /code 7/, memory: /memory limit/, hang: /held its thread for more than 500 ms/ };

for (const [trouble, reason] of Object.entries(REASONS) as [Trouble, RegExp][]) {
  test(`an element that ends its worker (${trouble}) is found and given up; nothing else is lost`, { timeout: 60_000 }, async () => {
    const troubled = [4321];
    const options = { ...OPTIONS, troubled, trouble };
    const { rows, dead, replaced } = await runInWorkers(options, {
      host: host(options, { stepTimeout: trouble === "hang" ? 500 : 20_000, resourceLimits: { maxOldGenerationSizeMb: 48 } }),
    });
    assert.deepEqual(dead.map(({ value }) => value.id), troubled);
    assert.match(dead[0].reason, reason);
    assert.deepEqual(rows, await without(troubled));
    assert.ok(replaced >= 4 && replaced <= 20, `${replaced} workers were replaced`);
  });
}

test("an error in a callback that user code left behind ends the worker, which is replaced", { timeout: 60_000 }, async () => {
  const troubled = [4321];
  const { rows, dead, replaced } = await runInWorkers({ ...OPTIONS, troubled, trouble: "uncaught" });
  assert.ok(replaced >= 1);
  // Whether the element was committed before its callback ran is chance; it is in the answer or in the dead letters.
  assert.deepEqual(rows, dead.length === 0 ? (await runHere(OPTIONS)).rows : await without(troubled));
});

test("several such elements, next to each other and apart, are each given up", { timeout: 60_000 }, async () => {
  const troubled = [100, 101, 19_999];
  const { rows, dead } = await runInWorkers({ ...OPTIONS, troubled, trouble: "exit" });
  assert.deepEqual(dead.map(({ value }) => value.id).sort((a, b) => a - b), troubled);
  assert.deepEqual(rows, await without(troubled));
});

test("workers that are ended at random moments lose nothing and do nothing twice", { timeout: 120_000 }, async () => {
  const options = { chunks: 400, rows: 2000 };
  const expected = (await runHere(options)).rows;
  const kills = killWorkers(50);
  const { rows, dead, replaced } = await runInWorkers(options);
  kills.end();
  assert.deepEqual(dead, []);
  assert.deepEqual(rows, expected);
  assert.ok(replaced >= 5, `${replaced} workers were replaced`);
});
