import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { workflow, type Flow } from "../../src/streams/workflow.ts";
import type { Stream } from "../../src/streams/stream.ts";
import { arraySource, valuesOf } from "./support.ts";

interface Made {
  readonly n: number;
}

const numbers = topic<number>("numbers");
const out = topic<Made>("out");
const spread = topic<Made>("out", { partitions: 2, key: ({ n }) => n });
const rows = collection<Made>("rows", { key: ({ n }) => n });

/** A function in a value is what JavaScript lets through where types do not: it has no bytes. */
const made = (flow: Flow): Stream<Made> => flow.from(numbers).map((n) => (n === 3 ? { n, hidden: () => n } : { n }));

const WAYS: Readonly<Record<string, (flow: Flow) => void>> = {
  "a topic": (flow) => made(flow).to(out),
  "a topic with partitions": (flow) => made(flow).to(spread),
  "a collection": (flow) => made(flow).to(rows),
  "another stage": (flow) => made(flow).keyBy(({ n }) => n).process({ onElement: ({ n }, context: { emit(value: Made): void }) => context.emit({ n }) }).to(out),
  "the dead letters": (flow) =>
    made(flow)
      .filter(({ n }) => {
        if (n === 3) throw new Error("cannot be told");
        return true;
      })
      .to(out),
};

for (const [where, build] of Object.entries(WAYS)) {
  test(`a value that cannot be stored, on its way to ${where}, is a dead letter; the others go on`, { timeout: 10_000 }, async () => {
    const cut = where === "another stage" ? "shuffle" : "none";
    const workflows = [workflow("w", build)];
    const runtime = await Runtime.start({ workflows, clock: systemClock(), ledger: createMemoryLedger(), cut, sources: { numbers: arraySource("numbers", [1, 2, 3, 4], 4) } });
    await runtime.finished;
    const found = where === "a collection" ? runtime.rows("rows").map(({ row }) => row) : await valuesOf(runtime, "out");
    const dead = (await valuesOf(runtime, "numbers.dead")) as { readonly value: unknown; readonly reason: string }[];
    await runtime.stop();
    assert.equal(found.length, 3);
    assert.deepEqual(new Set((found as Made[]).map(({ n }) => n)), new Set([1, 2, 4]));
    assert.deepEqual(dead.map(({ value }) => value), ['{"n":3}']);
    assert.match(dead[0].reason, where === "the dead letters" ? /cannot be told/ : /cannot be stored/);
  });
}
