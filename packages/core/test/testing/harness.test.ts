import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "../../src/errors.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/index.ts";
import { fields } from "../../src/codec/schema-fields.ts";

const readings = topic("readings", { schema: fields({ room: "string", value: "number", at: "timestamp" }) });
const totals = topic<{ readonly key: string; readonly sum: number }>("totals");
interface Total {
  readonly key: string;
  readonly window: { readonly start: number; readonly end: number };
  readonly n: number;
}
const latest = collection<Total>("latest", { key: (row) => [row.key, row.window.start] });

const perRoom = workflow("per-room", (flow) => {
  const rooms = flow.from(readings, { time: (r) => r.at }).keyBy((r) => r.room);
  rooms
    .window(tumbling("1m"))
    .aggregate({ sum: sum((r) => r.value) })
    .map((row) => ({ key: row.key, sum: row.sum }))
    .to(totals);
  rooms.window(tumbling("1m"), { early: "5s" }).aggregate({ n: count() }).to(latest);
});

test("a window closes when event time passes its end, and not before", async () => {
  const h = await harness(perRoom);
  await h.push(readings, { room: "a", value: 1, at: 0 }, { room: "a", value: 2, at: 59_999 });
  assert.deepEqual(await h.values(totals), []);
  await h.push(readings, { room: "b", value: 5, at: 60_000 });
  assert.deepEqual(await h.values(totals), [{ key: "a", sum: 3 }]);
  await h.end();
  assert.deepEqual(await h.values(totals), [{ key: "a", sum: 3 }, { key: "b", sum: 5 }]);
  await h.stop();
});

test("early results come with processing time, and the final ones replace them", async () => {
  const h = await harness(perRoom);
  await h.push(readings, { room: "a", value: 1, at: 0 });
  assert.deepEqual(h.rows(latest), []);
  await h.advance("5s");
  assert.equal(h.get(latest, ["a", 0])?.n, 1);
  await h.push(readings, { room: "a", value: 1, at: 1 });
  assert.equal(h.get(latest, ["a", 0])?.n, 1);
  await h.advance("5s");
  assert.equal(h.get(latest, ["a", 0])?.n, 2);
  await h.push(readings, { room: "a", value: 1, at: 2 }, { room: "a", value: 1, at: 60_000 });
  assert.equal(h.get(latest, ["a", 0])?.n, 3);
  await h.stop();
});

for (const cut of ["none", "shuffle", "every"] as const) {
  test(`a restart in the middle changes nothing (cut ${cut})`, async () => {
    const h = await harness(perRoom, { cut, partitions: cut === "none" ? 1 : 2 });
    for (let i = 0; i < 30; i++) {
      await h.push(readings, { room: `room ${i % 4}`, value: i, at: i * 9_000 });
      if (i % 7 === 3) await h.restart();
    }
    await h.end();
    const found = await h.values(totals);
    assert.equal(found.reduce((all, row) => all + row.sum, 0), (29 * 30) / 2);
    assert.equal(h.rows(latest).reduce((all, row) => all + row.n, 0), 30);
    await h.stop();
  });
}

test("pushing to a topic that no workflow reads, or after the end, says so", async () => {
  const h = await harness(perRoom);
  await assert.rejects(h.push(totals, { key: "a", sum: 1 }), (error) => error instanceof MillraceError && error.code === "MILLRACE_USAGE" && error.message.includes("readings"));
  await assert.rejects(h.push(readings, { room: "a", value: Number.NaN, at: 0 }), { code: "MILLRACE_SCHEMA" });
  await h.end();
  await assert.rejects(h.push(readings, { room: "a", value: 1, at: 0 }), { code: "MILLRACE_USAGE" });
  await h.stop();
});
