import assert from "node:assert/strict";
import { test } from "node:test";
import { planWorkflow } from "../../src/engine/planner.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import type { Workflow } from "../../src/graph/graph.ts";
import { topic } from "../../src/graph/refs.ts";
import { sliding, tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, random, sorted, valuesOf } from "./support.ts";

interface Reading {
  readonly id: number;
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

const readings = topic<Reading>("readings");
const lengths = [tumbling("15m"), tumbling("1h"), sliding("30m", "10m"), tumbling("1d")];
const names = ["quarter", "hour", "half", "day"];

/** Four windows over the same rows: with one set of aggregates they share slices, each with its own they do not. */
function windows(shared: boolean): Workflow {
  return workflow("windows", (flow) => {
    const rooms = flow.from(readings, { time: (r) => r.at, outOfOrderness: "5m" }).keyBy((r) => r.room);
    const make = () => ({ sum: sum((r: Reading) => r.value), n: count<Reading>() });
    const one = make();
    lengths.forEach((length, i) => {
      const made = rooms.window(length).aggregate(shared ? one : make());
      made.to(topic(names[i]));
      made.late.map((r) => r.id).to(topic(`${names[i]}.late`));
    });
  });
}

function input(): Reading[] {
  const next = random(5);
  return Array.from({ length: 3000 }, (_, i) => ({
    id: i,
    room: `room ${Math.floor(next() * 7)}`,
    value: Math.floor(next() * 10),
    at: i * 60_000 - Math.floor(next() ** 8 * 7_200_000),
  }));
}

test("windows of several lengths with the same aggregates are one operator; others are not", () => {
  for (const cut of ["none", "shuffle", "every"] as const) {
    const shared = planWorkflow(windows(true), { cut, partitions: 2 }).operators.filter(({ node }) => node.spec.kind === "window");
    assert.deepEqual(shared.map(({ sharing }) => sharing.length), cut === "none" ? [3] : [3, 3]);
    const apart = planWorkflow(windows(false), { cut, partitions: 2 }).operators.filter(({ node }) => node.spec.kind === "window");
    assert.equal(apart.length, cut === "none" ? 4 : 8);
  }
});

test("sharing slices changes no result and no late atom, under any cut, killed or not", async () => {
  const expected = await answers(windows(false), "none", 1, false);
  assert.ok(expected.quarter.length > 200 && expected["quarter.late"].length > 20);
  assert.ok(expected["quarter.late"].length > expected["hour.late"].length && expected["hour.late"].length > expected["day.late"].length);
  for (const [cut, instances] of [["none", 1], ["shuffle", 2], ["every", 2]] as const) {
    for (const killed of [false, true]) assert.deepEqual(await answers(windows(true), cut, instances, killed), expected, `${cut}, killed: ${killed}`);
  }
});

async function answers(of: Workflow, cut: "none" | "shuffle" | "every", instances: number, killed: boolean): Promise<Record<string, string[]>> {
  let ledger = createMemoryLedger();
  for (let round = 0; ; round++) {
    let left = killed && round < 5 ? 8 : Infinity;
    const enough = Promise.withResolvers<boolean>();
    const source = arraySource("readings", input(), 40, async () => {
      if (--left === 0) enough.resolve(false);
      await new Promise((resolve) => setImmediate(resolve));
    });
    const runtime = await Runtime.start({ workflows: [of], clock: systemClock(), ledger, cut, instances, sources: { readings: source } });
    const finished = await Promise.race([runtime.finished.then(() => true), enough.promise]);
    const found: Record<string, string[]> = {};
    if (finished) for (const name of names.flatMap((one) => [one, `${one}.late`])) found[name] = sorted(await valuesOf(runtime, name));
    await runtime.stop();
    if (finished) return found;
    ledger = ledger.reopen();
  }
}
