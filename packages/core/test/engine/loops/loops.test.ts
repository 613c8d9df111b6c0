import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../../src/engine/runtime.ts";
import { systemClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger } from "../../../src/memory/ledger.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { sorted, valuesOf } from "../support.ts";
import { city, control, expectedLog, plans, readings, simulation, ticks, whole } from "./signals.ts";

const COUNT = 400;
const SEED = 7;

for (const plan of [
  { cut: "none", instances: 1 },
  { cut: "shuffle", instances: 1 },
  { cut: "shuffle", instances: 2 },
  { cut: "every", instances: 2 },
] as const) {
  for (const workflows of [[whole], [simulation, control]]) {
    test(`a loop is a function of its input and ends with it: ${workflows.map(({ name }) => name).join(" and ")}, cut ${plan.cut}, ${plan.instances} instances`, { timeout: 60_000 }, async () => {
      const runtime = await Runtime.start({ workflows, ledger: createMemoryLedger(), clock: systemClock(), bounded: true, ...plan, sources: { ticks: city(SEED, 5, COUNT) } });
      await runtime.finished;
      const rows = sorted(await valuesOf(runtime, "log"));
      await runtime.stop();
      assert.deepEqual(rows, expectedLog(SEED, 5, COUNT));
    });
  }
}

test("a loop without a delay is refused with its way and the remedy", async () => {
  const back = workflow("back", (flow) => flow.from(readings).map(({ id }) => ({ id, green: 1, window: 0 })).to(plans));
  const forth = workflow("forth", (flow) => {
    flow
      .from(ticks, { time: (tick) => tick.at })
      .keyBy((tick) => tick.id)
      .enrich(flow.table(plans), (tick) => ({ ...tick, vehicles: 1 }))
      .to(readings);
  });
  await assert.rejects(Runtime.start({ workflows: [back, forth], ledger: createMemoryLedger(), clock: systemClock() }), {
    code: "MILLRACE_GRAPH",
    message: /back reads topic readings and writes collection plans; forth reads collection plans and writes topic readings.*delay: "10s"/,
  });
});

test("a loop that comes back as a stream is refused: nothing would bring its time on", async () => {
  const echo = workflow("echo", (flow) => flow.from(readings, { delay: "10s" }).filter(({ vehicles }) => vehicles > 0).to(readings));
  await assert.rejects(Runtime.start({ workflows: [echo], ledger: createMemoryLedger(), clock: systemClock() }), { code: "MILLRACE_GRAPH", message: /echo reads topic readings and writes topic readings.*flow\.table/ });
});
