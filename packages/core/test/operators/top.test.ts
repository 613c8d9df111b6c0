import assert from "node:assert/strict";
import { test } from "node:test";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { mean } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/index.ts";

interface Reading {
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

interface Ranked {
  readonly key: string;
  readonly rank: number;
}

const readings = topic<Reading>("readings");
const best = topic<Ranked>("best");
const live = collection<Ranked>("live", { key: (row) => row.key });
const score = ({ mean: value }: { readonly mean: number | null }): number => (value === null || value < 0 ? Number.NaN : value);

for (const cut of ["none", "shuffle"] as const) {
  test(`a row without a score is in no ranking, and a dead letter (${cut})`, async () => {
    const ranking = workflow("ranking", (flow) =>
      flow.from(readings, { time: (r) => r.at }).keyBy((r) => r.room).window(tumbling(10)).aggregate({ mean: mean((r) => r.value) }).top(2, score, { per: "window" }).to(best),
    );
    const h = await harness(ranking, { cut });
    await h.push(readings, { room: "a", value: 1, at: 1 }, { room: "b", value: -5, at: 2 }, { room: "c", value: 3, at: 3 });
    await h.end();
    assert.deepEqual((await h.values(best)).map(({ key }) => key), ["c", "a"]);
    const dead = await h.values<{ readonly reason: string; readonly operator: string }>("readings.dead");
    assert.deepEqual(dead.map(({ operator, reason }) => [operator, reason.includes("NaN")]), [["top-1", true]]);
    await h.stop();
  });

  test(`an update without a score takes the row's older score out of the ranking (${cut})`, async () => {
    const ranking = workflow("ranking", (flow) =>
      flow
        .from(readings, { time: (r) => r.at })
        .keyBy((r) => r.room)
        .window(tumbling(10), { early: "1s" })
        .aggregate({ mean: mean((r) => r.value) })
        .top(2, score, { per: "window" })
        .to(live),
    );
    const h = await harness(ranking, { cut });
    await h.push(readings, { room: "a", value: 9, at: 1 }, { room: "b", value: 2, at: 2 });
    await h.advance("1s");
    assert.deepEqual(h.rows(live).map(({ key }) => key), ["a", "b"]);
    await h.push(readings, { room: "a", value: -50, at: 3 });
    await h.advance("1s");
    assert.deepEqual(h.rows(live).map(({ key }) => key), ["b"]);
    assert.deepEqual(await h.values("readings.dead"), []);
    await h.end();
    assert.deepEqual(h.rows(live).map(({ key }) => key), ["b"]);
    assert.equal((await h.values("readings.dead")).length, 1);
    await h.stop();
  });
}
