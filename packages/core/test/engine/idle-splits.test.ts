import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ObjectRows } from "../../src/codec/formats/struct-rows.ts";
import type { Source, SplitReader } from "../../src/contracts/source.ts";
import { inThreadHost } from "../../src/engine/hosting/host.ts";
import type { Cut } from "../../src/engine/plan.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { pagesOf, topicSource } from "../../src/engine/topic-source.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { virtualClock, type VirtualClock } from "../../src/memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../../src/memory/ledger.ts";
import { collect } from "../../src/operators/aggregates/collect.ts";
import { count } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import type { Duration } from "../../src/time/duration.ts";
import { harness } from "../../src/testing/index.ts";
import { sorted, valuesOf } from "./support.ts";

interface Atom {
  readonly id: number;
  readonly key: string;
  readonly at: number;
}

interface WindowOf {
  readonly window: { readonly start: number; readonly end: number };
  readonly ids: readonly number[];
}

const left = topic<Atom>("left");
const right = topic<Atom>("right");
const results = topic<WindowOf>("results");
const lateOnes = topic<Atom>("late-ones");
const shown = collection<{ readonly key: string; readonly n: number }>("shown", { key: (row) => row.key });

const merged = workflow("merged", (flow) => {
  const both = flow.from(left, { time: (a) => a.at }).merge(flow.from(right, { time: (a) => a.at }));
  const windows = both.keyBy((a) => a.key).window(tumbling("1m")).aggregate({ ids: collect((a) => a.id) });
  windows.to(results);
  windows.late.to(lateOnes);
});

const at = (id: number, time: number, key = "k"): Atom => ({ id, key, at: time });
const idsOf = (windows: readonly WindowOf[]): number[] => windows.flatMap(({ ids }) => ids).sort((a, b) => a - b);

const plans: readonly { readonly cut: Cut; readonly partitions: number }[] = [
  { cut: "none", partitions: 1 },
  { cut: "shuffle", partitions: 1 },
  { cut: "shuffle", partitions: 4 },
  { cut: "every", partitions: 2 },
];

for (const plan of plans) {
  const name = `cut ${plan.cut}, ${plan.partitions} partitions`;

  test(`a silent topic holds windows back for 30s, then no more; what it gives later is late or not by its stamp (${name})`, async () => {
    const h = await harness(merged, plan);
    await h.push(left, at(1, 10_000), at(2, 70_000), at(3, 200_000));
    await h.advance("29s");
    assert.deepEqual(await h.values(results), []);
    await h.advance("1s");
    assert.deepEqual(await h.values(results), [], "now both are idle, and time stands still");
    await h.push(left, at(4, 210_000));
    assert.deepEqual(idsOf(await h.values(results)), [1, 2]);
    await h.push(right, at(5, 20_000), at(6, 185_000), at(7, 130_000));
    assert.deepEqual((await h.values(lateOnes)).map(({ id }) => id), [5, 7]);
    await h.push(left, at(8, 500_000));
    assert.deepEqual(idsOf(await h.values(results)), [1, 2], "the one that woke holds the other back again");
    await h.end();
    assert.deepEqual(idsOf(await h.values(results)), [1, 2, 3, 4, 6, 8]);
    await h.stop();
  });

  test(`time stands still while all splits are idle (${name})`, async () => {
    const h = await harness(merged, plan);
    await h.push(left, at(1, 10_000), at(2, 500_000));
    await h.push(right, at(3, 30_000), at(4, 50_000));
    await h.advance("10d");
    assert.deepEqual(await h.values(results), []);
    await h.push(right, at(5, 45_000));
    await h.push(left, at(6, 500_001));
    await h.end();
    assert.deepEqual(await h.values(lateOnes), []);
    await h.stop();
  });

  test(`restarts keep what was promised for an idle split (${name})`, async () => {
    const h = await harness(merged, plan);
    await h.push(left, at(1, 10_000));
    await h.advance("31s");
    await h.push(left, at(2, 200_000), at(3, 200_001));
    assert.deepEqual(idsOf(await h.values(results)), [1]);
    await h.restart();
    await h.push(right, at(4, 10_000), at(5, 199_000));
    await h.end();
    assert.deepEqual((await h.values(lateOnes)).map(({ id }) => id), [4]);
    assert.deepEqual(idsOf(await h.values(results)), [1, 2, 3, 5]);
    await h.stop();
  });
}

test("idleAfter says how long, and Infinity that a silent topic always holds back", async () => {
  for (const [idleAfter, closes] of [["5s", true], ["10m", false], [Infinity, false]] as const) {
    const impatient = workflow("impatient", (flow) => {
      const both = flow.from(left, { time: (a) => a.at }).merge(flow.from(right, { time: (a) => a.at, idleAfter }));
      both.keyBy((a) => a.key).window(tumbling("1m")).aggregate({ ids: collect((a) => a.id) }).to(results);
    });
    const h = await harness(impatient);
    await h.push(left, at(1, 0), at(2, 90_000));
    await h.advance("5s");
    assert.equal((await h.values(results)).length, closes ? 1 : 0);
    await h.stop();
  }
});

test("a table that stands still does not hold its stream back, and a row that comes later counts from then on", async () => {
  const enriched = topic<unknown>("enriched");
  const names = topic<Atom & { readonly name: string }>("names");
  const wf = workflow("enrich", (flow) => {
    const table = flow.table(names, { key: (row) => row.key, time: (row) => row.at });
    const rows = flow.from(left, { time: (a) => a.at }).keyBy((a) => a.key).enrich(table, (a, row) => ({ id: a.id, name: row?.name }));
    rows.to(enriched);
  });
  const h = await harness(wf, { cut: "shuffle", partitions: 2 });
  await h.push(names, { ...at(0, 0), name: "first" });
  await h.advance("31s");
  await h.push(left, at(1, 10_000), at(2, 20_000), at(3, 20_001));
  assert.deepEqual(await h.values(enriched), [{ id: 1, name: "first" }, { id: 2, name: "first" }]);
  await h.push(names, { ...at(0, 5_000), name: "second" });
  await h.push(left, at(4, 30_000), at(5, 30_001));
  await h.end();
  const found = (await h.values(enriched)) as { readonly id: number; readonly name: string }[];
  assert.deepEqual(found.map(({ id }) => id), [1, 2, 3, 4, 5]);
  assert.equal(found[3].name, "second");
  await h.stop();
});

test("early results come as ever while a topic is silent", async () => {
  const early = workflow("early", (flow) => {
    const both = flow.from(left, { time: (a) => a.at }).merge(flow.from(right, { time: (a) => a.at }));
    both.keyBy((a) => a.key).window(tumbling("1h"), { early: "5s" }).aggregate({ n: count() }).to(shown);
  });
  const h = await harness(early);
  await h.push(left, at(1, 0));
  await h.advance("5s");
  assert.deepEqual(h.rows(shown).map(({ n }) => n), [1]);
  await h.advance("1m");
  await h.push(left, at(2, 1));
  await h.advance("5s");
  assert.deepEqual(h.rows(shown).map(({ n }) => n), [2]);
  await h.stop();
});

test("where no split is silent for long, idleAfter changes no answer", async () => {
  const build = (idleAfter: Duration) =>
    workflow("steady", (flow) => {
      const from = { time: (a: Atom) => a.at, outOfOrderness: "10s", idleAfter } as const;
      const windows = flow.from(left, from).merge(flow.from(right, from)).keyBy((a) => a.key).window(tumbling("1m")).aggregate({ ids: collect((a) => a.id) });
      windows.map(({ window, ids }) => ({ window, ids: [...ids].sort((a, b) => a - b) })).to(results);
      windows.late.to(lateOnes);
    });
  const run = async (idleAfter: Duration, plan: (typeof plans)[number]): Promise<unknown> => {
    const h = await harness(build(idleAfter), plan);
    for (let i = 0; i < 60; i++) {
      await h.push(i % 3 === 0 ? right : left, at(i, i * 7_000 - ((i * 7919) % 40_000)));
      await h.advance("9s");
    }
    await h.end();
    const found = [sorted(await h.values(results)), sorted(await h.values(lateOnes))];
    await h.stop();
    return found;
  };
  const expected = await run(Infinity, plans[0]);
  for (const plan of plans) assert.deepEqual(await run("30s", plan), expected);
});

test("silences lose no atom: each is in one window or in the late output", async () => {
  const topics = [left, right];
  const doing = fc.oneof(
    { weight: 6, arbitrary: fc.record({ push: fc.nat(3), times: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 4 }) }) },
    { weight: 4, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.constant("restart" as const) },
  );
  const property = fc.asyncProperty(fc.array(doing, { minLength: 5, maxLength: 25 }), fc.nat(plans.length - 1), async (script, plan) => {
    const world = await live(merged, new Map(topics.map(({ name }) => [name, new LiveSplits(name, 2)])), plans[plan]);
    let id = 0;
    let now = 0;
    for (const action of script) {
      if (action === "restart") await world.restart();
      else if ("pass" in action) await world.pass(action.pass * 1000);
      else await world.push(topics[action.push % 2].name, action.push >> 1, action.times.map((time) => at(id++, (now += 20_000) + time * 1000, `k${id % 3}`)));
    }
    const ids = await world.finish();
    assert.deepEqual(ids, Array.from({ length: id }, (_, i) => i), `${plans[plan].cut}/${plans[plan].partitions}`);
  });
  await fc.assert(property, { numRuns: 120 });
});

test("of one topic a silent split does not hold the others back, in whatever partition it is read", async () => {
  for (const plan of plans) {
    const one = workflow("one", (flow) => {
      const windows = flow.from(left, { time: (a) => a.at }).keyBy((a) => a.key).window(tumbling("1m")).aggregate({ ids: collect((a) => a.id) });
      windows.to(results);
      windows.late.to(lateOnes);
    });
    const world = await live(one, new Map([["left", new LiveSplits("left", 3)]]), plan);
    await world.push("left", 0, [at(0, 1_000), at(1, 300_000)]);
    await world.push("left", 2, [at(2, 2_000), at(3, 200_000)]);
    await world.pass(20_000);
    await world.push("left", 0, [at(4, 300_001)]);
    await world.push("left", 2, [at(5, 250_000)]);
    assert.deepEqual(await world.windows(), []);
    await world.pass(10_000);
    assert.deepEqual(idsOf(await world.windows()), [0, 2, 3], "up to the slower of the active ones");
    await world.push("left", 1, [at(6, 3_000), at(7, 260_000)]);
    assert.deepEqual(await world.late(), [6]);
    assert.deepEqual(await world.finish(), [0, 1, 2, 3, 4, 5, 6, 7]);
  }
});

test("instances that were given up are brought back when a split becomes idle, and its quiet time counts on", async () => {
  const keyed = topic<Atom>("keyed", { partitions: 2, key: (a) => a.key });
  const wf = workflow("rests", (flow) => {
    flow.from(keyed, { time: (a) => a.at }).keyBy((a) => a.key).window(tumbling("1m")).aggregate({ ids: collect((a) => a.id) }).to(results);
  });
  const clock = virtualClock();
  const runtime = await Runtime.start({ workflows: [wf], ledger: createMemoryLedger({ clock }), clock, instances: 2, host: inThreadHost(), idleAfter: 1_000 });
  await settle(clock);
  for (let i = 0; i < 8; i++) {
    await runtime.append(keyed, [at(i, i * 40_000)]);
    await settle(clock);
    await pass(clock, 3_000);
    assert.equal(runtime.running, 0);
  }
  assert.deepEqual(await valuesOf(runtime, "results"), [], "the silent split may still give something older");
  await pass(clock, 7_000);
  assert.deepEqual(idsOf((await valuesOf(runtime, "results")) as WindowOf[]), [0, 1, 2, 3, 4, 5]);
  await runtime.stop();
});

test("a topic that is yet to end is not idle in a bounded run, however long its writers take", async () => {
  const reader = async (complete: boolean | undefined): Promise<unknown> => {
    const range = { start: 0, end: 0, ...(complete === undefined ? {} : { complete }) };
    const source = topicSource("t", 1, { read: pagesOf({ range: () => Promise.resolve(range), read: () => Promise.resolve([]) }), signal: { onGrowth: () => () => undefined }, ledger: createMemoryLedger() });
    return (await source.open({ split: "0", lane: 0, lanes: 1, position: 0 })).next();
  };
  assert.deepEqual([await reader(undefined), await reader(false), await reader(true)], ["idle", "later", "end"]);
});

/** Live splits that a test pushes into, kept so that they can be read again. */
class LiveSplits implements Source {
  readonly name: string;
  readonly #splits: { readonly chunks: (readonly Atom[])[]; readonly waiting: Set<() => void> }[];
  #ended = false;

  constructor(name: string, splits: number) {
    this.name = name;
    this.#splits = Array.from({ length: splits }, () => ({ chunks: [], waiting: new Set() }));
  }

  push(split: number, atoms: readonly Atom[]): void {
    this.#splits[split].chunks.push(atoms);
    for (const wake of this.#splits[split].waiting) wake();
  }

  end(): void {
    this.#ended = true;
    for (const { waiting } of this.#splits) for (const wake of waiting) wake();
  }

  splits(): Promise<{ id: string; parallel: boolean }[]> {
    return Promise.resolve(this.#splits.map((_, i) => ({ id: String(i), parallel: false })));
  }

  open({ split, position }: { readonly split: string; readonly position: number }): Promise<SplitReader> {
    const { chunks, waiting } = this.#splits[Number(split)];
    let index = position;
    let ready: (() => void) | undefined;
    return Promise.resolve({
      next: () => {
        const values = chunks.at(index);
        if (values === undefined) return Promise.resolve(this.#ended ? "end" : "idle");
        return Promise.resolve({ index, next: ++index, count: values.length, rows: new ObjectRows(values), malformed: [], bytes: values.length });
      },
      onReady(callback: () => void) {
        ready = callback;
        waiting.add(callback);
      },
      close() {
        if (ready !== undefined) waiting.delete(ready);
        return Promise.resolve();
      },
    });
  }
}

interface Live {
  push(topic: string, split: number, atoms: readonly Atom[]): Promise<void>;
  pass(milliseconds: number): Promise<void>;
  restart(): Promise<void>;
  windows(): Promise<WindowOf[]>;
  late(): Promise<number[]>;
  /** Ends all input; the ids of all atoms that came out. */
  finish(): Promise<number[]>;
}

async function live(wf: ReturnType<typeof workflow>, sources: ReadonlyMap<string, LiveSplits>, { cut, partitions }: (typeof plans)[number]): Promise<Live> {
  const clock = virtualClock();
  let ledger: MemoryLedger = createMemoryLedger({ clock });
  const begin = async (): Promise<Runtime> => Runtime.start({ workflows: [wf], ledger, clock, cut, instances: partitions, sources: Object.fromEntries(sources) });
  let runtime = await begin();
  await settle(clock);
  const windows = async (): Promise<WindowOf[]> => (await valuesOf(runtime, "results")) as WindowOf[];
  const late = async (): Promise<number[]> => ((await valuesOf(runtime, "late-ones")) as Atom[]).map(({ id }) => id);
  return {
    async push(name, split, atoms) {
      sources.get(name)?.push(split, atoms);
      await settle(clock);
    },
    pass: (milliseconds) => pass(clock, milliseconds),
    async restart() {
      ledger = ledger.reopen();
      await runtime.stop().catch(() => undefined);
      runtime = await begin();
      await settle(clock);
    },
    windows,
    late,
    async finish() {
      for (const source of sources.values()) source.end();
      await runtime.finished;
      const ids = [...idsOf(await windows()), ...(await late())].sort((a, b) => a - b);
      await runtime.stop();
      return ids;
    },
  };
}

async function pass(clock: VirtualClock, milliseconds: number): Promise<void> {
  const target = clock.now() + milliseconds;
  for (let next = clock.next(); next <= target; next = clock.next()) {
    clock.advanceTo(next);
    await settle(clock);
  }
  clock.advanceTo(target);
  await settle(clock);
}

async function settle(clock: VirtualClock): Promise<void> {
  for (let i = 0; i < 10; i++) await clock.turn();
}
