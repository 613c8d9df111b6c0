import assert from "node:assert/strict";
import { test } from "node:test";
import type { SinkRow } from "../../../src/contracts/sink.ts";
import { topic } from "../../../src/graph/refs.ts";
import { tumbling } from "../../../src/graph/window.ts";
import { sum } from "../../../src/operators/aggregates/numeric.ts";
import { sink } from "../../../src/streams/sink.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { harness } from "../../../src/testing/index.ts";

const numbers = topic<number>("numbers");
const cuts = ["none", "shuffle", "every"] as const;

for (const cut of cuts) {
  test(`rows come in order, after their commit, whole calls again with the same keys (cut ${cut})`, async () => {
    const calls: { readonly values: readonly number[]; readonly keys: readonly string[]; readonly attempt: number }[] = [];
    const out = sink<number>("out", {
      rows: 3,
      retries: { attempts: 4, backoff: "1s", jitter: false },
      write(rows, { attempt }) {
        calls.push({ values: rows.map(({ value }) => value), keys: rows.map(({ key }) => key), attempt });
        if (calls.length === 2) throw new Error("busy");
      },
    });
    const h = await harness(workflow("w", (flow) => flow.from(numbers, { time: (n) => n }).map((n) => n * 10).to(out)), { cut });
    await h.push(numbers, 1, 2, 3, 4, 5);
    assert.deepEqual(calls.map(({ values, attempt }) => [...values, `attempt ${attempt}`]), [[10, 20, 30, "attempt 1"], [40, 50, "attempt 1"]]);
    await h.advance("1s");
    assert.deepEqual(calls.slice(2).map(({ values, attempt }) => [...values, `attempt ${attempt}`]), [[40, 50, "attempt 2"]]);
    assert.deepEqual(calls[1].keys, calls[2].keys);
    assert.equal(new Set(calls.flatMap(({ keys }) => keys)).size, 5);
    await h.restart();
    assert.equal(calls.length, 3, "what was written and committed is not written again");
    await h.stop();
  });
}

test("a kill before the commit repeats the write, with the same keys", async () => {
  const written: SinkRow<number>[] = [];
  let letThrough: (() => void) | undefined;
  const out = sink<number>("out", {
    write(rows) {
      written.push(...rows);
      return new Promise((resolve) => {
        letThrough = resolve;
      });
    },
  });
  const h = await harness(workflow("w", (flow) => flow.from(numbers, { time: (n) => n }).to(out)));
  await h.push(numbers, 7);
  assert.equal(written.length, 1);
  const restarted = h.restart();
  letThrough?.();
  await restarted;
  letThrough?.();
  await h.end();
  assert.deepEqual(written.map(({ value }) => value), [7, 7]);
  assert.equal(written[0].key, written[1].key);
  await h.stop();
});

test("of rows that are refused together only the bad one goes to the dead letters", async () => {
  const kept: number[] = [];
  const out = sink<number>("out", {
    retries: { attempts: 1 },
    write(rows) {
      if (rows.some(({ value }) => value === 3)) throw new Error("no threes");
      kept.push(...rows.map(({ value }) => value));
    },
  });
  const h = await harness(workflow("w", (flow) => flow.from(numbers, { time: (n) => n }).to(out)));
  await h.push(numbers, 1, 2, 3, 4);
  assert.deepEqual(kept, [1, 2, 4]);
  const dead = await h.values<{ readonly reason: string; readonly value: number }>("numbers.dead");
  assert.deepEqual(dead.map(({ reason, value }) => ({ reason, value })), [{ reason: "no threes", value: 3 }]);
  await h.stop();
});

test("over updated rows a sink gets finals, and with `changes` every update", async () => {
  const finals: unknown[] = [];
  const all: unknown[] = [];
  const h = await harness(
    workflow("w", (flow) => {
      const sums = flow
        .from(numbers, { time: (n) => n })
        .keyBy(() => "all")
        .window(tumbling(10), { early: "1s" })
        .aggregate({ sum: sum((n) => n) });
      sums.to(sink("finals", { write: (rows) => void finals.push(...rows.map(({ value, change }) => `${change} ${value.sum}`)) }));
      sums.to(sink("all", { changes: true, write: (rows) => void all.push(...rows.map(({ value, change }) => `${change} ${value.sum}`)) }));
    }),
  );
  await h.push(numbers, 1, 2);
  await h.advance("1s");
  await h.push(numbers, 3);
  await h.end();
  assert.deepEqual(finals, ["update 6"]);
  assert.deepEqual(all, ["update 3", "update 6"]);
  await h.stop();
});

for (const cut of cuts) {
  test(`an endpoint that is down is waited for, through a stop and a start, and nothing is given up (cut ${cut})`, { timeout: 20_000 }, async () => {
    const written: number[] = [];
    let down = true;
    let tried = 0;
    const out = sink<number>("out", {
      retries: { attempts: Infinity, backoff: "1s" },
      write(rows) {
        tried++;
        if (down) throw new Error("down");
        written.push(...rows.map(({ value }) => value));
      },
    });
    const h = await harness(workflow("w", (flow) => flow.from(numbers, { time: (n) => n }).to(out)), { cut });
    await h.push(numbers, 1, 2);
    await h.advance("10m");
    assert.ok(tried > 20, `${tried} attempts`);
    await h.restart();
    down = false;
    await h.push(numbers, 3);
    await h.advance("1m");
    assert.deepEqual(written, [1, 2, 3]);
    assert.deepEqual(await h.values("numbers.dead"), []);
    await h.stop();
  });
}

test("rows that are hopeless are given up even where an endpoint is waited for without end", async () => {
  const written: number[] = [];
  const out = sink<number>("out", {
    retries: { attempts: Infinity, when: (error) => !(error instanceof RangeError) },
    write(rows) {
      if (rows.some(({ value }) => value < 0)) throw new RangeError("negative");
      written.push(...rows.map(({ value }) => value));
    },
  });
  const h = await harness(workflow("w", (flow) => flow.from(numbers, { time: (n) => n }).to(out)));
  await h.push(numbers, 1, -2, 3);
  await h.end();
  assert.deepEqual(written, [1, 3]);
  assert.equal((await h.values("numbers.dead")).length, 1);
  await h.stop();
});
