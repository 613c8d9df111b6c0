import assert from "node:assert/strict";
import { test } from "node:test";
import { Runtime } from "../../src/engine/runtime.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { global, session, tumbling } from "../../src/graph/window.ts";
import { virtualClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { collect } from "../../src/operators/aggregates/collect.ts";
import { count, max, mean, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/harness.ts";
import { random } from "../engine/support.ts";

interface Lamp {
  readonly id: number;
  readonly street: string;
  readonly hours: number;
}
interface Street {
  readonly key: string;
  readonly lamps: number;
  readonly hours: number;
}

const lamps = collection<Lamp>("lamps", { key: (lamp) => lamp.id });
const streets = collection<Street>("streets", { key: (street) => street.key });
const all = collection<{ readonly lamps: number; readonly mean: number; readonly ids: readonly number[] }>("all", { key: () => null });

const perStreet = workflow("per-street", (flow) => {
  const burning = flow
    .from(lamps)
    .filter((lamp) => lamp.hours > 0)
    .map((lamp) => ({ ...lamp, street: lamp.street.toUpperCase() }));
  burning
    .keyBy((lamp) => lamp.street)
    .window(global(), { early: "1s" })
    .aggregate({ lamps: count(), hours: sum((lamp) => lamp.hours) })
    .to(streets);
  burning
    .window(global(), { early: "1s" })
    .aggregate({ lamps: count(), mean: mean((lamp) => lamp.hours), ids: collect((lamp) => lamp.id) })
    .to(all);
});

/** What the streets should be, computed anew from all lamps. */
function expected(rows: readonly Lamp[]): Street[] {
  const burning = rows.filter(({ hours }) => hours > 0);
  return [...Map.groupBy(burning, ({ street }) => street.toUpperCase())]
    .map(([key, of]) => ({ key, lamps: of.length, hours: of.reduce((total, { hours }) => total + hours, 0) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

for (const plan of [{ cut: "none", partitions: 1 }, { cut: "shuffle", partitions: 4 }, { cut: "every", partitions: 2 }] as const) {
  test(`aggregates over rows that change are those of the rows there are (${plan.cut}, ${plan.partitions} partitions)`, async () => {
    const h = await harness(perStreet, plan);
    const next = random(plan.partitions);
    const pick = (n: number): number => Math.floor(next() * n);
    for (let round = 0; round < 25; round++) {
      const edits = Array.from({ length: 1 + pick(8) }, () => {
        const id = pick(12);
        return pick(4) === 0 ? { delete: id } : { put: { id, street: "abcd"[pick(4)], hours: pick(5) } };
      });
      await h.edit(lamps, edits);
      if (round % 6 === 5) await h.restart();
      await h.advance("1s");
      const rows = h.rows(streets).map(({ key, lamps: number, hours }) => ({ key, lamps: number, hours }));
      assert.deepEqual(rows, expected(h.rows(lamps)), `round ${round}`);
      const burning = h.rows(lamps).filter(({ hours }) => hours > 0);
      const [whole] = h.rows(all);
      if (burning.length === 0) assert.equal(whole, undefined);
      else assert.deepEqual([whole.lamps, whole.ids.toSorted((a, b) => a - b)], [burning.length, burning.map(({ id }) => id)]);
    }
    await h.stop();
  });
}

test("a row that a filter keeps no more leaves the collection behind it, and goes to another branch", async () => {
  const long = collection<Lamp>("long", { key: (lamp) => lamp.id });
  const short = collection<Lamp>("short", { key: (lamp) => lamp.id });
  const rest = collection<Lamp>("rest", { key: (lamp) => lamp.id });
  const sorting = workflow("sorting", (flow) => {
    flow.from(lamps).filter((lamp) => lamp.hours > 10).to(long);
    const branches = flow.from(lamps).branch({ short: (lamp) => lamp.hours < 5 });
    branches.short.to(short);
    branches.rest.to(rest);
  });
  const h = await harness(sorting);
  await h.edit(lamps, [{ put: { id: 1, street: "a", hours: 20 } }, { put: { id: 2, street: "a", hours: 3 } }]);
  assert.deepEqual([h.rows(long).length, h.rows(short).length, h.rows(rest).length], [1, 1, 1]);
  await h.edit(lamps, [{ put: { id: 1, street: "a", hours: 2 } }]);
  assert.deepEqual([h.rows(long).length, h.rows(short).length, h.rows(rest).length], [0, 2, 0]);
  await h.edit(lamps, [{ delete: 2 }]);
  assert.deepEqual([h.rows(long).length, h.rows(short).length, h.rows(rest).length], [0, 1, 0]);
  await h.stop();
});

test("a changelog topic is read as changes of rows, through another workflow", async () => {
  const readings = topic<{ readonly id: number; readonly at: number }>("readings");
  const counts = topic<{ readonly key: number; readonly n: number }>("counts", { changelog: true, key: (row) => row.key });
  const latest = collection<{ readonly key: number; readonly n: number }>("latest", { key: (row) => row.key });
  const total = collection<{ readonly n: number }>("total", { key: () => null });
  const counting = workflow("counting", (flow) => {
    flow
      .from(readings, { time: (reading) => reading.at })
      .keyBy((reading) => reading.id)
      .window(global(), { early: "1s" })
      .aggregate({ n: count() })
      .map(({ key, n }) => ({ key, n }))
      .to(counts);
  });
  const adding = workflow("adding", (flow) => {
    flow.from(counts).to(latest);
    flow.from(counts).window(global(), { early: "1s" }).aggregate({ n: sum((row) => row.n) }).map(({ n }) => ({ n })).to(total);
  });
  const h = await harness([counting, adding]);
  for (let i = 0; i < 10; i++) {
    await h.push(readings, { id: i % 3, at: i });
    await h.advance("1s");
    await h.advance("1s");
    assert.deepEqual(h.rows(total), [{ n: i + 1 }]);
  }
  assert.deepEqual(h.rows(latest), [{ key: 0, n: 4 }, { key: 1, n: 3 }, { key: 2, n: 3 }]);
  await h.stop();
});

test("windows over changing rows are told when they end, and what comes late is late", async () => {
  const days = topic<unknown>("days");
  const late = topic<Lamp>("late-lamps");
  const daily = workflow("daily", (flow) => {
    const windows = flow.from(lamps, { time: (lamp) => lamp.hours }).window(tumbling(10)).aggregate({ lamps: count() });
    windows.to(days);
    windows.late.to(late);
  });
  const ledger = createMemoryLedger();
  const runtime = await Runtime.start({ workflows: [daily], ledger, clock: virtualClock(), bounded: false });
  const put = (id: number, hours: number): Promise<number> => runtime.edit(lamps, [{ put: { id, street: "", hours } }]);
  await put(1, 3);
  await put(2, 4);
  await put(1, 12);
  await put(3, 25);
  await put(4, 6);
  await settle();
  assert.deepEqual(await valuesOf("days"), [{ window: { start: 0, end: 10 }, lamps: 1 }, { window: { start: 10, end: 20 }, lamps: 1 }]);
  assert.deepEqual(await valuesOf("late-lamps"), [{ id: 4, street: "", hours: 6 }]);
  await runtime.stop();

  async function settle(): Promise<void> {
    const clock = virtualClock();
    for (let turn = 0; turn < 200; turn++) await clock.turn();
  }
  async function valuesOf(name: string): Promise<unknown[]> {
    const found: unknown[] = [];
    for await (const { value } of runtime.read(name)) found.push(value);
    return found;
  }
});

test("a row that a user's aggregate throws on is in no result, and is not taken back when it goes", async () => {
  const strict = {
    init: () => 0,
    add(total: number, lamp: Lamp): number {
      if (lamp.street === "x") throw new Error("no such street");
      return total + lamp.hours;
    },
    merge: (a: number, b: number) => a + b,
    retract: (total: number, lamp: Lamp) => total - lamp.hours,
    result: (total: number) => total,
  };
  const sums = collection<{ readonly own: number; readonly all: number; readonly n: number }>("sums", { key: () => null });
  const summing = workflow("summing", (flow) =>
    flow
      .from(lamps)
      .window(global(), { early: "1s" })
      .aggregate({ all: sum((lamp) => lamp.hours), n: count(), own: strict })
      .map(({ own, all: of, n }) => ({ own, all: of ?? 0, n }))
      .to(sums),
  );
  const h = await harness(summing);
  await h.edit(lamps, [{ put: { id: 1, street: "a", hours: 1 } }, { put: { id: 2, street: "x", hours: 13 } }]);
  await h.advance("1s");
  assert.deepEqual(h.rows(sums), [{ own: 1, all: 1, n: 1 }]);
  await h.edit(lamps, [{ put: { id: 2, street: "b", hours: 4 } }]);
  await h.advance("1s");
  assert.deepEqual(h.rows(sums), [{ own: 5, all: 5, n: 2 }]);
  await h.edit(lamps, [{ put: { id: 2, street: "x", hours: 2 } }, { delete: 1 }]);
  await h.advance("1s");
  assert.deepEqual(h.rows(sums), []);
  await h.edit(lamps, [{ delete: 2 }, { put: { id: 3, street: "c", hours: 7 } }]);
  await h.restart();
  await h.advance("1s");
  assert.deepEqual(h.rows(sums), [{ own: 7, all: 7, n: 1 }]);
  await h.stop();
});

test("aggregates that cannot take anything back are refused by name, and so is what has no rows to tell apart", () => {
  const lines = topic<Lamp>("lines", { changelog: true });
  const refused = (build: Parameters<typeof workflow>[1], message: RegExp): void => assert.throws(() => workflow("refused", build), { code: "MILLRACE_GRAPH", message });
  refused((flow) => flow.from(lamps).window(global()).aggregate({ most: max((lamp) => lamp.hours) }).to(all as never), /aggregate most: its input changes/);
  refused((flow) => flow.from(lamps).window(session("1m")).aggregate({ n: count() }).to(all as never), /session/);
  refused((flow) => flow.from(lines).window(global()).aggregate({ n: count() }).to(all as never), /topic lines.*give the topic a key/);
  refused(
    (flow) =>
      flow
        .from(topic<Lamp>("facts"))
        .keyBy((lamp) => lamp.id)
        .reduce((a) => a, { id: "first" })
        .window(global())
        .aggregate({ n: count() })
        .to(all as never),
    /updated by operator first/,
  );
});
