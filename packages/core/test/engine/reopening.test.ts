import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cut } from "../../src/engine/plan.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { MillraceError } from "../../src/errors.ts";
import type { Workflow } from "../../src/graph/graph.ts";
import { topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../../src/memory/ledger.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, valuesOf } from "./support.ts";

const clock = systemClock();
const numbers = topic<number>("numbers");
const doubled = topic<number>("doubled");
const sums = topic<number>("sums", { changelog: true });
const counts = topic<unknown>("counts");

const plain = workflow("plain", (flow) => {
  const twice = flow.from(numbers, { time: (n) => n, idleAfter: Infinity }).map((n) => n * 2);
  twice.to(doubled);
  twice.keyBy(() => "all").reduce((a, b) => a + b).to(sums);
});
const windowed = workflow("windowed", (flow) => flow.from(numbers, { time: (n) => n, idleAfter: Infinity }).window(tumbling(10)).aggregate({ n: count() }).to(counts));

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await done()); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A store in which a workflow has taken values of `numbers` to their end. */
async function ended(of: Workflow, cut: Cut, values: readonly number[]): Promise<MemoryLedger> {
  const ledger = createMemoryLedger();
  await bounded(ledger, of, cut, values);
  return ledger;
}

/** Appends numbers while nothing reads them. */
async function fill(ledger: MemoryLedger, values: readonly number[]): Promise<void> {
  const filling = await Runtime.start({ workflows: [workflow("other", (flow) => flow.from(topic<number>("unused")).to(topic<number>("nothing")))], clock, ledger });
  if (values.length > 0) await filling.append(numbers, values);
  await filling.stop();
}

async function bounded(ledger: MemoryLedger, of: Workflow, cut: Cut, values: readonly number[]): Promise<void> {
  await fill(ledger, values);
  const runtime = await Runtime.start({ workflows: [of], clock, ledger, cut, bounded: true });
  await runtime.finished;
  await runtime.stop();
}

const isInputEnded = (error: unknown): boolean => error instanceof MillraceError && error.code === "MILLRACE_INPUT_ENDED" && error.message.includes("numbers");

for (const cut of ["none", "shuffle", "every"] as const) {
  test(`a live run reads on where a bounded one had come to the end of a topic (${cut})`, { timeout: 20_000 }, async () => {
    const ledger = await ended(plain, cut, [1, 2, 3]);
    const live = await Runtime.start({ workflows: [plain], clock, ledger, cut });
    await live.append(numbers, [4]);
    await until(async () => (await valuesOf(live, "doubled")).length === 4 && (await valuesOf(live, "sums")).includes(20));
    assert.deepEqual(await valuesOf(live, "doubled"), [2, 4, 6, 8]);
    assert.equal((await valuesOf(live, "sums")).at(-1), 20);
    await live.stop();
    await bounded(ledger, plain, cut, [5]);
    const again = await Runtime.start({ workflows: [plain], clock, ledger, cut });
    assert.deepEqual(await valuesOf(again, "doubled"), [2, 4, 6, 8, 10]);
    await again.stop();
  });

  test(`windows that the end of input has closed are not opened again in silence (${cut})`, { timeout: 20_000 }, async () => {
    const ledger = await ended(windowed, cut, [1, 2, 13]);
    await assert.rejects(Runtime.start({ workflows: [windowed], clock, ledger, cut }), isInputEnded);
    // The same again has nothing to do, and says so.
    await bounded(ledger, windowed, cut, []);
    await assert.rejects(bounded(ledger, windowed, cut, [14]), isInputEnded);
  });
}

test("windows over input that had not come to its end are gone on with by a live run", { timeout: 20_000 }, async () => {
  const ledger = createMemoryLedger();
  await fill(ledger, [1, 2]);
  const both = workflow("both", (flow) => {
    const other = flow.from(topic<number>("other"), { time: (n) => n, idleAfter: Infinity });
    flow.from(numbers, { time: (n) => n, idleAfter: Infinity }).merge(other).window(tumbling(10)).aggregate({ n: count() }).to(counts);
  });
  const first = await Runtime.start({
    workflows: [both],
    clock,
    ledger,
    bounded: true,
    sources: { other: { name: "other", splits: () => Promise.resolve([{ id: "0", parallel: false }]), open: () => Promise.resolve({ next: () => Promise.resolve("later" as const), close: () => Promise.resolve() }) } },
  });
  await until(async () => [...(await first.stats()).values()].some(({ atomsIn }) => atomsIn >= 2));
  await first.stop();
  const live = await Runtime.start({ workflows: [both], clock, ledger });
  await live.append(numbers, [3, 14]);
  await live.append(topic<number>("other"), [4, 15]);
  await until(async () => (await valuesOf(live, "counts")).length === 1);
  assert.deepEqual((await valuesOf(live, "counts")).map((row) => (row as { n: number }).n), [4]);
  await live.stop();
});

test("a topic that was read from a file to its end is not read on behind closed windows", { timeout: 20_000 }, async () => {
  const ledger = createMemoryLedger();
  const sources = { numbers: arraySource("numbers", [1, 2, 13], 2) };
  const runtime = await Runtime.start({ workflows: [windowed], clock, ledger, bounded: true, sources });
  await runtime.finished;
  await runtime.stop();
  const same = await Runtime.start({ workflows: [windowed], clock, ledger, sources });
  await same.finished;
  await same.stop();
  await assert.rejects(Runtime.start({ workflows: [windowed], clock, ledger }), isInputEnded);
});
