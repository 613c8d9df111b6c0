import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Commit } from "../../../src/contracts/ledger.ts";
import { MillraceError } from "../../../src/errors.ts";
import type { Figures } from "../../../src/engine/metrics/metrics.ts";
import { Runtime, type RuntimeOptions } from "../../../src/engine/runtime.ts";
import { topic } from "../../../src/graph/refs.ts";
import { tumbling } from "../../../src/graph/window.ts";
import { systemClock, virtualClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger } from "../../../src/memory/ledger.ts";
import { sum } from "../../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { arraySource } from "../support.ts";

const numbers = topic<number>("numbers");
const out = topic<unknown>("out");
const input = Array.from({ length: 1000 }, (_, n) => n);
const sums = workflow("sums", (flow) =>
  flow
    .from(numbers, { time: (n) => n })
    .keyBy((n) => n % 7)
    .window(tumbling(100))
    .aggregate({ sum: sum((n) => n) })
    .to(out),
);

test("what was not committed is not counted, and a partition that is opened again goes on counting", async (t) => {
  let commits = 0;
  const runtime = await started(t, { sources: { numbers: arraySource("numbers", input, 10, turn) } }, (commit) => {
    if (commit.partition.startsWith("sums") && ++commits === 3) throw new MillraceError("MILLRACE_IO", "ledger", "a failure for the test", { retryable: true });
  });
  await runtime.finished;
  const { atomsIn, atomsRead, atomsOut, failures, failuresInARow, commits: applied, used, latency, batchSize } = await onlyStage(runtime);
  assert.deepEqual([atomsIn, atomsRead, atomsOut], [1000, 1000, 70]);
  assert.deepEqual([failures, failuresInARow], [1, 0]);
  assert.deepEqual([used.reads, used.bytesRead, used.invocations, latency.count], [100, 50_000, applied, 1000]);
  assert.equal(batchSize.sum, 1000);
  assert.ok(used.gigabyteSeconds > 0 && used.gigabyteSeconds <= used.busy);
});

test("a topic's atoms that wait are its readers' backlog, and their waiting is part of their latency", async (t) => {
  const gate = Promise.withResolvers<void>();
  const runtime = await started(t, {}, (commit) => (commit.partition.startsWith("sums") ? gate.promise : undefined));
  await runtime.append(numbers, input.slice(0, 100));
  await runtime.append(numbers, input.slice(100));
  await new Promise((resolve) => setTimeout(resolve, 60));
  const waiting = await onlyStage(runtime);
  assert.deepEqual([waiting.atomsIn, waiting.backlog.atoms, waiting.watermark], [0, 1000, -Infinity]);
  gate.resolve();
  await until(async () => (await onlyStage(runtime)).backlog.atoms === 0);
  const { latency, watermark, watermarkLag, rate, state, commitTime } = await onlyStage(runtime);
  assert.equal(latency.count, 1000);
  assert.ok(latency.p50 >= 50 && commitTime.p99 >= 50, `${latency.p50} ms, ${commitTime.p99} ms`);
  assert.ok(watermark === 999 && watermarkLag !== undefined && Math.abs(watermarkLag - (Date.now() - 999)) < 1000);
  assert.ok(rate > 0 && rate <= 1000);
  assert.ok(state !== undefined && state.rows === 7 && state.bytes > 0, JSON.stringify(state));
});

test("latency of a stage is from when the first stage took the atoms in", async (t) => {
  const runtime = await started(t, { cut: "every" }, (commit) => (commit.sends.length > 0 ? new Promise((resolve) => setTimeout(resolve, 30)) : undefined));
  await runtime.append(numbers, input);
  await until(async () => (await stages(runtime)).every(({ watermark }) => watermark === 999));
  const figures = await stages(runtime);
  const first = figures.find(({ atomsRead }) => atomsRead > 0);
  const last = figures.find(({ atomsOut }) => atomsOut > 0);
  assert.ok(first !== undefined && last !== undefined && last.atomsRead === 0);
  assert.ok(last.latency.p50 >= 30 && last.latency.p50 > first.latency.p50, `${last.latency.p50} ms`);
  assert.deepEqual(figures.map(({ backlog }) => backlog.batches), figures.map(() => 0));
});

test("late atoms, dead letters and calls that were made again are counted", async (t) => {
  const odd = workflow("odd", (flow) =>
    flow
      .from(numbers, { time: (n) => n })
      .mapAsync(
        (n, { attempt }) => {
          if (n === 5) throw new Error("never");
          if (n === 6 && attempt < 3) throw new Error("not yet");
          return n;
        },
        { retries: { attempts: 3, backoff: "1ms" } },
      )
      .window(tumbling(10))
      .aggregate({ sum: sum((n) => n) })
      .to(out),
  );
  const values = [1, 5, 6, 50, 2, 51];
  const runtime = await started(t, { workflows: [odd], sources: { numbers: arraySource("numbers", values, 6) } });
  await runtime.finished;
  const { atomsIn, late, dead, retries } = await onlyStage(runtime);
  assert.deepEqual([atomsIn, late, dead, retries], [6, 1, 1, 4]);
});

test("asking in virtual time finds the lag of the watermark in it", async (t) => {
  const clock = virtualClock(10_000);
  const runtime = await started(t, { clock });
  await runtime.append(numbers, [4000]);
  await until(async () => (await onlyStage(runtime)).watermark === 4000);
  assert.equal((await onlyStage(runtime)).watermarkLag, 6000);
});

async function started(
  t: TestContext,
  options: Partial<RuntimeOptions>,
  before: (commit: Commit) => Promise<void> | undefined | void = () => undefined,
): Promise<Runtime> {
  const ledger = createMemoryLedger();
  const runtime = await Runtime.start({
    workflows: [sums],
    clock: systemClock(),
    memory: 2 ** 30,
    ...options,
    ledger: {
      ...ledger,
      async commit(commit) {
        await before(commit);
        return ledger.commit(commit);
      },
    },
  });
  t.after(() => runtime.stop());
  return runtime;
}

async function stages(runtime: Runtime): Promise<Figures[]> {
  return [...(await runtime.metrics()).stages.values()];
}

async function onlyStage(runtime: Runtime): Promise<Figures> {
  const [stage, ...others] = await stages(runtime);
  assert.deepEqual(others, []);
  return stage;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
