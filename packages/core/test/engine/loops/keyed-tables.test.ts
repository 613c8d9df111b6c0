import assert from "node:assert/strict";
import { test } from "node:test";
import { planWorkflow } from "../../../src/engine/planner.ts";
import { collection, topic } from "../../../src/graph/refs.ts";
import { output, value } from "../../../src/graph/state.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { harness } from "../../../src/testing/harness.ts";

interface Pass {
  readonly lane: string;
  readonly at: number;
}
const passes = topic<Pass>("passes");
const lanes = collection<{ readonly id: string; readonly limit: number }>("lanes", { key: (lane) => lane.id });
const owners = collection<{ readonly lane: string; readonly name: string }>("owners", { key: (owner) => owner.lane });
const fines = topic<string>("fines");

/** Two tables, then state of the same keys. */
const fining = (asOf: "event-time" | "arrival") =>
  workflow("fining", (flow) => {
    flow
      .from(passes, { time: (pass) => pass.at })
      .keyBy((pass) => pass.lane)
      .enrich(flow.table(lanes), (pass, lane) => ({ ...pass, limit: lane?.limit ?? 0 }), { asOf })
      .keyed.enrich(flow.table(owners), (pass, owner) => ({ ...pass, owner: owner?.name ?? "nobody" }), { asOf })
      .keyed.process({
        state: { seen: value({ initial: 0 }) },
        out: output<string>(),
        onElement(pass, { state, emit }) {
          state.seen.set(state.seen.get() + 1);
          emit(`${pass.lane}/${pass.at}: ${pass.owner} up to ${pass.limit}, pass ${state.seen.get()}`);
        },
      })
      .to(fines);
  });

for (const plan of [{ cut: "none", partitions: 1 }, { cut: "shuffle", partitions: 4 }, { cut: "every", partitions: 2 }] as const) {
  test(`tables that people edit are read as of event time, and hold nothing back (${plan.cut}, ${plan.partitions} partitions)`, async () => {
    const h = await harness(fining("event-time"), plan);
    await h.edit(lanes, [{ put: { id: "a", limit: 30 } }, { put: { id: "b", limit: 50 } }]);
    await h.edit(lanes, [{ put: { id: "a", limit: 70 } }], { time: 2000 });
    await h.push(passes, { lane: "a", at: 1000 }, { lane: "b", at: 1500 }, { lane: "a", at: 1999 });
    await h.edit(owners, [{ put: { lane: "a", name: "Ann" } }]);
    await h.edit(lanes, [{ delete: "b" }]);
    await h.push(passes, { lane: "a", at: 2000 }, { lane: "b", at: 2500 });
    await h.restart();
    await h.end();
    // A pass waits until time has gone past it: the last one of the first push sees what was edited before the second.
    assert.deepEqual((await h.values(fines)).sort(), [
      "a/1000: nobody up to 30, pass 1",
      "a/1999: Ann up to 30, pass 2",
      "a/2000: Ann up to 70, pass 3",
      "b/1500: nobody up to 50, pass 1",
      "b/2500: nobody up to 0, pass 2",
    ]);
    await h.stop();
  });

  test(`as of arrival a value gets what was read last, and nothing waits (${plan.cut}, ${plan.partitions} partitions)`, async () => {
    const h = await harness(fining("arrival"), plan);
    await h.edit(lanes, [{ put: { id: "a", limit: 30 } }]);
    await h.push(passes, { lane: "a", at: 1000 });
    assert.deepEqual(await h.values(fines), ["a/1000: nobody up to 30, pass 1"]);
    await h.edit(lanes, [{ put: { id: "a", limit: 70 } }], { time: 99_000 });
    await h.restart();
    await h.push(passes, { lane: "a", at: 500 });
    await h.edit(lanes, [{ delete: "a" }]);
    await h.push(passes, { lane: "a", at: 2000 });
    assert.deepEqual((await h.values<string>(fines)).slice(1), ["a/500: nobody up to 70, pass 2", "a/2000: nobody up to 0, pass 3"]);
    await h.stop();
  });
}

test("what is kept under the same keys after a table runs in one stage", () => {
  const { stages, operators } = planWorkflow(fining("event-time"), { cut: "shuffle", partitions: 4 });
  const kinds = stages.map((stage) => stage.operators.map((operator) => operators[operator].node.spec.kind).join());
  assert.deepEqual(kinds, ["source,key-by", "source,key-by", "enrich,enrich,process,sink", "source,key-by"]);
});
