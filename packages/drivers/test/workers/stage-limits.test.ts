import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Collection } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock, type StageMetrics } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";
import { easy, easyDone, grinding, hard, hardDone, quick, type Task } from "./stages-fixture.ts";
import { killWorkers } from "./support.ts";

const FIXTURE = new URL("./stages-fixture.ts", import.meta.url).href;
const GRINDING = "grinding/source-hard-1";
const QUICK = "quick/reduce-1";
const NAMES = Array.from({ length: 40 }, (_, i) => `task ${i}`);
const TASKS = NAMES.map((name) => ({ name, done: 1 }));

/** Three worker threads at most, one of them kept free for `quick`, which may have no more. */
async function started(t: TestContext): Promise<Runtime> {
  const runtime = await Runtime.start({
    workflows: [grinding, quick],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    instances: 3,
    idleAfter: 500,
    stages: { quick: { reserve: 1, max: 1 } },
    host: workerHost({ modules: [{ url: FIXTURE, exports: ["grinding", "quick"] }] }),
  });
  t.after(() => runtime.stop());
  return runtime;
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 6000, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function stageOf(runtime: Runtime, name: string): Promise<StageMetrics> {
  const found = (await runtime.metrics()).stages.get(name);
  assert.ok(found !== undefined, name);
  return found;
}

function done(runtime: Runtime, { name }: Collection<Task>): number {
  return runtime.rows(name).reduce((sum, { row }) => sum + (row as Task).done, 0);
}

test("stages share a quota by their backlog, what is reserved stays free, and all end at zero", { timeout: 120_000 }, async (t) => {
  const runtime = await started(t);
  await until(() => runtime.running === 0, "rest at first");
  let rounds = 0;
  let most = 0;
  const waiting: number[] = [];
  const grind = async (): Promise<void> => {
    if (done(runtime, hardDone) < (rounds - 40) * 40) return;
    await runtime.append(hard, TASKS);
    rounds++;
    most = Math.max(most, runtime.running);
  };
  await until(async () => {
    await grind();
    return (await stageOf(runtime, GRINDING)).instances === 2;
  }, "two instances for what takes time");
  const { scaling } = await stageOf(runtime, GRINDING);
  assert.deepEqual(scaling, { wanted: 2, min: 0, max: 2, reserve: 0 });
  assert.deepEqual([runtime.running, (await stageOf(runtime, QUICK)).instances], [2, 0], "although there is more to do, the third is kept free");
  for (let round = 1; round <= 3; round++) {
    const begun = performance.now();
    await runtime.append(easy, [{ name: "one", done: 1 }]);
    await until(() => done(runtime, easyDone) === round, "the quick one");
    waiting.push(performance.now() - begun);
    await grind();
  }
  t.diagnostic(`while two grind, the quick one took ${waiting.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  assert.equal((await stageOf(runtime, QUICK)).instances, 1);
  await until(() => done(runtime, hardDone) === rounds * 40, "all tasks");
  await until(() => runtime.running === 0, "rest");
  assert.deepEqual([most <= 3, runtime.replaced], [true, 0]);
  assert.deepEqual((await stageOf(runtime, GRINDING)).scaling.wanted, 0);
});

test("threads that end at random moments while stages grow and rest lose nothing and do nothing twice", { timeout: 120_000 }, async (t) => {
  const kills = killWorkers(25);
  t.after(() => kills.end());
  const runtime = await started(t);
  let hardRounds = 0;
  let easyRounds = 0;
  for (; easyRounds < 60; easyRounds++) {
    if (easyRounds % 20 < 12) {
      await runtime.append(hard, TASKS);
      hardRounds++;
    }
    await runtime.append(easy, TASKS);
    assert.ok(runtime.running <= 3);
    await new Promise((resolve) => setTimeout(resolve, easyRounds % 20 === 19 ? 700 : 40));
  }
  await until(() => done(runtime, hardDone) >= hardRounds * 40 && done(runtime, easyDone) >= easyRounds * 40, "all tasks");
  kills.end();
  await until(() => runtime.running === 0, "rest");
  assert.deepEqual([done(runtime, hardDone), done(runtime, easyDone)], [hardRounds * 40, easyRounds * 40]);
  assert.ok(runtime.replaced >= 2, `${runtime.replaced} workers were replaced`);
});
