import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../../src/contracts/ledger.ts";
import { Coordinator } from "../../src/engine/coordinator.ts";
import { planWorkflow } from "../../src/engine/planner.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { workflow } from "../../src/streams/workflow.ts";

const clock = systemClock();
const numbers = topic<number>("numbers");
const copied = workflow("copied", (flow) => flow.from(numbers).map((n) => n).to(topic<number>("copy")));

test("what lay on links before a restart counts as backlog, and holds its sender back where it is too much", async () => {
  const memory = createMemoryLedger();
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const commit: Ledger["commit"] = async (made) => {
    if (!made.applied.some(({ sequence }) => sequence > 0)) return memory.commit(made);
    resolve();
    return new Promise(() => undefined);
  };
  const first = await Runtime.start({ workflows: [copied], clock, cut: "every", ledger: { ...memory, commit } });
  await first.append(numbers, Array.from({ length: 1000 }, (_, n) => n));
  await sent;
  const ledger = memory.reopen();
  void first.stop();

  const plan = planWorkflow(copied, { cut: "every", partitions: 1 });
  const [sender, receiver] = ["copied@1/source-numbers-1/0of1", "copied@1/map-1/0of1"];
  const coordinator = new Coordinator({ plans: [plan], ledger, clock, closedBytes: 1000 });
  await coordinator.load();
  const backlog = coordinator.backlog(receiver);
  assert.equal(backlog.batches, 1);
  assert.ok(backlog.bytes > 1000, `${backlog.bytes} bytes`);
  assert.ok(coordinator.isBlocked(sender));
  assert.ok(!coordinator.quiet);
});
