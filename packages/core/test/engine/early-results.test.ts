import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cut } from "../../src/engine/plan.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { virtualClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { random } from "./support.ts";

interface Sale {
  readonly shop: string;
  readonly amount: number;
  readonly at: number;
}

interface Ranked {
  readonly window: { readonly start: number };
  readonly shop: string;
  readonly rank: number;
  readonly total: number;
}

const SIZE = 3;
const WINDOW = 60_000;
const sales = topic<Sale>("sales");
/** One row per window and shop: what leaves the top three has to be deleted. */
const byShop = collection<Ranked>("by-shop", { key: ({ window, shop }) => [window.start, shop] });
/** One row per rank. */
const byRank = collection<Ranked>("by-rank", { key: ({ window, rank }) => [window.start, rank] });
const all = collection<{ readonly window: { readonly start: number }; readonly total: number; readonly shops: number }>("all", { key: ({ window }) => window.start });

const live = workflow("live", (flow) => {
  const totals = flow
    .from(sales, { time: (sale) => sale.at })
    .keyBy((sale) => sale.shop)
    .window(tumbling(WINDOW), { early: "1s" })
    .aggregate({ total: sum((sale) => sale.amount) });
  const top = totals.top(SIZE, (row) => row.total, { per: "window" }).map(({ window, key, rank, total }) => ({ window, shop: key, rank, total }));
  top.to(byShop);
  top.to(byRank);
  totals.perWindow().aggregate({ total: sum((row) => row.total), shops: count() }).to(all);
});

const plans: readonly { readonly cut: Cut; readonly instances: number }[] = [
  { cut: "none", instances: 1 },
  { cut: "shuffle", instances: 2 },
  { cut: "every", instances: 2 },
];

for (const plan of plans) {
  test(`collections show open windows as they are, also after a restart, cut ${plan.cut} in ${plan.instances}`, async () => {
    const clock = virtualClock();
    let ledger = createMemoryLedger({ clock });
    const options = { workflows: [live], clock, ...plan };
    let runtime = await Runtime.start({ ...options, ledger });
    const next = random(5);
    const totals = new Map<string, Ranked>();
    for (let round = 0; round < 25; round++) {
      const at = round * 5000;
      // Amounts are negative now and then, so that shops leave the top.
      const sold = Array.from({ length: 4 }, (): Sale => ({ shop: `shop ${Math.floor(next() * 8)}`, amount: Math.floor(next() * 100) - 40, at }));
      for (const { shop, amount } of sold) {
        const start = Math.floor(at / WINDOW) * WINDOW;
        const name = `${start} ${shop}`;
        totals.set(name, { window: { start }, shop, rank: 0, total: (totals.get(name)?.total ?? 0) + amount });
      }
      await runtime.append(sales, sold);
      const expected = ranked([...totals.values()]);
      await until(clock, () => sameRows(shown(runtime, "by-shop"), expected) && sameRows(shown(runtime, "by-rank"), expected));
      const sums = [...Map.groupBy(totals.values(), ({ window }) => window.start)].map(([start, of]) => [start, of.reduce((total, row) => total + row.total, 0), of.length]);
      await until(clock, () => JSON.stringify(runtime.rows("all").map(({ row }) => summed(row))) === JSON.stringify(sums));
      if (round % 7 !== 6) continue;
      await runtime.stop();
      ledger = ledger.reopen();
      runtime = await Runtime.start({ ...options, ledger });
      assert.deepEqual(shown(runtime, "by-shop"), expected, "restored at once");
    }
    await runtime.stop();
  });
}

function summed(row: unknown): readonly number[] {
  const { window, total, shops } = row as { readonly window: { readonly start: number }; readonly total: number; readonly shops: number };
  return [window.start, total, shops];
}

function shown(runtime: Runtime, name: string): unknown[] {
  const rows = runtime.rows(name).map(({ row }) => row as Ranked);
  return rows.map(({ window, shop, rank, total }) => ({ start: window.start, rank, shop, total })).sort((a, b) => a.start - b.start || a.rank - b.rank);
}

function ranked(totals: readonly Ranked[]): unknown[] {
  return [...Map.groupBy(totals, ({ window }) => window.start)].flatMap(([start, of]) =>
    of.sort((a, b) => b.total - a.total || (a.shop < b.shop ? -1 : 1)).slice(0, SIZE).map(({ shop, total }, i) => ({ start, rank: i + 1, shop, total })),
  );
}

function sameRows(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Lets the engine work, and time go on, until something holds. */
async function until(clock: ReturnType<typeof virtualClock>, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !holds(); turn++) {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  assert.ok(holds(), "the collections never showed it");
}

test("a window over results that change is refused, as what was added cannot be taken back", () => {
  const build = (): unknown =>
    workflow("twice", (flow) =>
      flow
        .from(sales)
        .keyBy((sale) => sale.shop)
        .reduce((a, b) => (a.amount > b.amount ? a : b))
        .window(tumbling(WINDOW))
        .aggregate({ total: sum((sale) => sale.amount) })
        .to(topic<unknown>("twice")),
    );
  assert.throws(build, { code: "MILLRACE_GRAPH", message: /its input is updated by operator reduce-1.*use perWindow\(\)/ });
});

test("a row whose score is no number any more leaves the ranking", async () => {
  const falling = workflow("falling", (flow) =>
    flow
      .from(sales, { time: (sale) => sale.at })
      .keyBy((sale) => sale.shop)
      .window(tumbling(WINDOW), { early: "1s" })
      .aggregate({ total: sum((sale) => sale.amount) })
      .top(SIZE, (row) => (row.total > 100 ? Number.NaN : row.total), { per: "window" })
      .map(({ window, key, rank, total }) => ({ window, shop: key, rank, total }))
      .to(byShop),
  );
  const clock = virtualClock();
  const runtime = await Runtime.start({ workflows: [falling], clock, ledger: createMemoryLedger({ clock }) });
  const ranks = (): unknown[] => runtime.rows(byShop.name).map(({ row }) => [(row as Ranked).shop, (row as Ranked).rank]);
  await runtime.append(sales, [{ shop: "a", amount: 90, at: 1 }, { shop: "b", amount: 50, at: 2 }]);
  await until(clock, () => sameRows(ranks(), [["a", 1], ["b", 2]]));
  await runtime.append(sales, [{ shop: "a", amount: 20, at: 3 }]);
  await until(clock, () => sameRows(ranks(), [["b", 1]]));
  await runtime.stop();
});
