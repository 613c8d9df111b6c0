import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import type { Ledger } from "../../src/contracts/ledger.ts";
import { topic } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { tumbling } from "../../src/graph/window.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { MillraceError } from "../../src/errors.ts";
import type { MemoryLedger } from "../../src/memory/ledger.ts";
import type { Workflow } from "../../src/graph/graph.ts";
import { sink } from "../../src/streams/sink.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { valuesOf } from "./support.ts";

const clock = systemClock();
const [a, b, copyOfA, copyOfB] = ["a", "b", "copy-of-a", "copy-of-b"].map((name) => topic<number>(name));

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await done()); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const cut of ["none", "shuffle", "every"] as const) {
  test(`a source goes on where it was when another comes before it (${cut})`, { timeout: 10_000 }, async () => {
    const ledger = createMemoryLedger();
    const before = workflow("w", (flow) => flow.from(b).map((n) => n).to(copyOfB));
    const after = workflow("w", (flow) => {
      flow.from(a).map((n) => n).to(copyOfA);
      flow.from(b).map((n) => n).to(copyOfB);
    });
    const first = await Runtime.start({ workflows: [before], clock, ledger, cut });
    await first.append(b, [1, 2, 3]);
    await until(async () => (await valuesOf(first, "copy-of-b")).length === 3);
    await first.stop();
    const second = await Runtime.start({ workflows: [after], clock, ledger, cut });
    await second.append(a, [10]);
    await second.append(b, [4]);
    await until(async () => (await valuesOf(second, "copy-of-a")).length === 1 && (await valuesOf(second, "copy-of-b")).length >= 4);
    assert.deepEqual(await valuesOf(second, "copy-of-b"), [1, 2, 3, 4]);
    await second.stop();
  });
}

test("rows on their way to a sink reach it when another sink comes before it", { timeout: 10_000 }, async () => {
  const memory = createMemoryLedger();
  const written: number[] = [];
  let calls = 0;
  const write = async (rows: readonly { readonly value: number }[]): Promise<void> => {
    // The first process is killed while it writes.
    if (calls++ === 0) await new Promise(() => undefined);
    written.push(...rows.map(({ value }) => value));
  };
  const outside = sink<number>("outside", { write });
  const before = workflow("w", (flow) => flow.from(b).to(outside));
  const after = workflow("w", (flow) => {
    const numbers = flow.from(b);
    numbers.to(copyOfB);
    numbers.to(outside);
  });
  const first = await Runtime.start({ workflows: [before], clock, ledger: memory });
  await first.append(b, [1, 2, 3]);
  await until(() => calls === 1);
  const ledger = memory.reopen();
  void first.stop();
  const second = await Runtime.start({ workflows: [after], clock, ledger });
  await second.append(b, [4]);
  await until(() => written.includes(4));
  assert.deepEqual(written, [1, 2, 3, 4]);
  await second.stop();
});

/** The ledger of a process that was killed with rows of `b` on their way: the partitions of `receivers` did not commit what they took in. */
async function killedWithRowsOnLinks(before: Workflow, values: readonly number[], cut: "shuffle" | "every", receivers: (partition: string) => boolean = () => true): Promise<MemoryLedger> {
  const memory = createMemoryLedger();
  const sent = Promise.withResolvers<void>();
  const commit: Ledger["commit"] = async (made) => {
    if (!receivers(made.partition) || !made.applied.some(({ sequence }) => sequence > 0)) return memory.commit(made);
    sent.resolve();
    return new Promise(() => undefined);
  };
  const first = await Runtime.start({ workflows: [before], clock, cut, ledger: { ...memory, commit } });
  await first.append(b, values);
  await sent.promise;
  const ledger = memory.reopen();
  void first.stop();
  return ledger;
}

test("rows on their way under cut every reach their operator when others come before it", { timeout: 10_000 }, async () => {
  const before = workflow("w", (flow) => flow.from(b).map((n) => n * 2).filter((n) => n > 2).to(copyOfB));
  const after = workflow("w", (flow) => {
    flow.from(a).map((n) => n + 1000).filter((n) => n > 0).to(copyOfA);
    flow.from(b).map((n) => n * 2).filter((n) => n > 2).to(copyOfB);
  });
  const ledger = await killedWithRowsOnLinks(before, [1, 2, 3], "every");
  const second = await Runtime.start({ workflows: [after], clock, ledger, cut: "every" });
  await second.append(b, [4]);
  await second.append(a, [1]);
  await until(async () => (await valuesOf(second, "copy-of-b")).length === 3 && (await valuesOf(second, "copy-of-a")).length === 1);
  assert.deepEqual(await valuesOf(second, "copy-of-b"), [4, 6, 8]);
  assert.deepEqual(await valuesOf(second, "copy-of-a"), [1001]);
  await second.stop();
  assert.deepEqual([...(await ledger.partitions()).keys()].filter((id) => id.startsWith("w@1/")), []);
});

test("rows on their way to an operator that is gone are refused, and are there when the workflow is as before", { timeout: 10_000 }, async () => {
  const before = workflow("w", (flow) => flow.from(b).map((n) => n * 2).filter((n) => n > 2).to(copyOfB));
  const after = workflow("w", (flow) => flow.from(b).to(copyOfA));
  const ledger = await killedWithRowsOnLinks(before, [1, 2, 3], "every");
  await assert.rejects(
    Runtime.start({ workflows: [after], clock, ledger, cut: "every" }),
    (error) => error instanceof MillraceError && error.code === "MILLRACE_STATE_MISMATCH" && error.message.includes("operator map-1"),
  );
  const again = await Runtime.start({ workflows: [before], clock, ledger, cut: "every" });
  await until(async () => (await valuesOf(again, "copy-of-b")).length === 2);
  assert.deepEqual(await valuesOf(again, "copy-of-b"), [4, 6]);
  await again.stop();
  const changed = await Runtime.start({ workflows: [after], clock, ledger, cut: "every" });
  await changed.append(b, [7]);
  await until(async () => (await valuesOf(changed, "copy-of-a")).length === 1);
  assert.deepEqual(await valuesOf(changed, "copy-of-a"), [7]);
  await changed.stop();
});

interface Reading {
  readonly at: number;
}

test("a source that comes to a window later is late for what the window has closed, and counted", { timeout: 10_000 }, async () => {
  const [x, y] = ["x", "y"].map((name) => topic<Reading>(name));
  const counts = topic<{ readonly n: number }>("counts");
  const time = { time: (r: Reading) => r.at, idleAfter: Infinity };
  const before = workflow("w", (flow) => flow.from(x, time).window(tumbling(10)).aggregate({ n: count() }, { id: "ten" }).to(counts));
  const after = workflow("w", (flow) => flow.from(x, time).merge(flow.from(y, time)).window(tumbling(10)).aggregate({ n: count() }, { id: "ten" }).to(counts));
  for (const cut of ["none", "shuffle", "every"] as const) {
    const ledger = createMemoryLedger();
    const first = await Runtime.start({ workflows: [before], clock, ledger, cut });
    await first.append(x, [{ at: 1 }, { at: 2 }, { at: 11 }]);
    await until(async () => (await valuesOf(first, "counts")).length === 1);
    await first.stop();
    const second = await Runtime.start({ workflows: [after], clock, ledger, cut });
    await second.append(y, [{ at: 3 }, { at: 12 }, { at: 25 }]);
    await second.append(x, [{ at: 26 }]);
    await until(async () => (await valuesOf(second, "counts")).length === 2);
    assert.deepEqual((await valuesOf(second, "counts")).map((row) => (row as { n: number }).n), [2, 2], cut);
    const late = [...(await second.stats()).values()].reduce((all, stats) => all + stats.late, 0);
    assert.equal(late, 1, cut);
    await second.stop();
  }
});

test("rows on their way to a merge keep their way when another merge comes before theirs", { timeout: 10_000 }, async () => {
  const other = topic<number>("other");
  const [changesOfA, changesOfB] = ["changes-of-a", "changes-of-b"].map((name) => topic<number>(name, { changelog: true }));
  const latest = (one: number, next: number): number => Math.max(one, next);
  const before = workflow("w", (flow) => {
    const [x, y] = [a, b].map((from, i) => flow.from(from).keyBy((n) => n).reduce(latest, { id: `of-${i}` }).map((n) => n * 10));
    x.merge(y).to(changesOfB);
  });
  const after = workflow("w", (flow) => {
    const [x, y, z] = [a, b, other].map((from, i) => flow.from(from).keyBy((n) => n).reduce(latest, { id: `of-${i}` }).map((n) => n * 10));
    x.merge(z).to(changesOfA);
    x.merge(y).to(changesOfB);
  });
  const ledger = await killedWithRowsOnLinks(before, [1, 2], "shuffle", (partition) => partition.includes("merge-1"));
  const second = await Runtime.start({ workflows: [after], clock, ledger, cut: "shuffle" });
  await second.append(other, [5]);
  await until(async () => (await valuesOf(second, "changes-of-b")).length >= 2 && (await valuesOf(second, "changes-of-a")).length === 1);
  assert.deepEqual(await valuesOf(second, "changes-of-b"), [10, 20]);
  assert.deepEqual(await valuesOf(second, "changes-of-a"), [50]);
  await second.stop();
});
