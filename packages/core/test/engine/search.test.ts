import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { topic } from "../../src/graph/refs.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { valuesOf } from "./support.ts";

const words = topic<string>("words");
const out = topic<string>("out");
const copy = workflow("copy", (flow) => flow.from(words).to(out));
const idle = workflow("idle", (flow) => flow.from(topic<string>("nothing")).to(words));
const clock = systemClock();

test("the element of a stored topic that ends its partition is given up; what was committed of its chunk is not done again", { timeout: 30_000 }, async () => {
  const memory = createMemoryLedger();
  const feed = await Runtime.start({ workflows: [idle], clock, ledger: memory });
  const first = Array.from({ length: 100 }, (_, i) => `a${i}`);
  const second = Array.from({ length: 3000 }, (_, i) => (i === 1000 ? "poison" : `b${i}`));
  await feed.append(words, first);
  await feed.append(words, second);
  await feed.stop();

  const text = new TextDecoder();
  let died = 0;
  const commit: typeof memory.commit = async (made) => {
    if (made.appends.some(({ topic: to, bytes }) => to === "out" && text.decode(bytes).includes("poison"))) {
      died++;
      throw new Error("died of it");
    }
    return memory.commit(made);
  };
  const runtime = await Runtime.start({ workflows: [copy], clock, ledger: { ...memory, commit } });
  let values: unknown[] = [];
  while (values.length < 3099) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    values = await valuesOf(runtime, "out");
  }
  const dead = (await valuesOf(runtime, "words.dead")) as { readonly value: string }[];
  await runtime.stop();
  assert.deepEqual(values, [...first, ...second].filter((word) => word !== "poison"));
  assert.deepEqual(dead.map(({ value }) => value), ["poison"]);
  // Two deaths begin the search; then 512, 64, 8 rows and one, the last of them three times, with what is committed between.
  assert.ok(died <= 9, `it died ${died} times`);
});
