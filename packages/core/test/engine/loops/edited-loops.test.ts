import assert from "node:assert/strict";
import { test } from "node:test";
import type { Source } from "../../../src/contracts/source.ts";
import { generatorSource } from "../../../src/engine/generator.ts";
import { inThreadHost } from "../../../src/engine/hosting/host.ts";
import type { Cut } from "../../../src/engine/plan.ts";
import { Runtime } from "../../../src/engine/runtime.ts";
import { systemClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../../../src/memory/ledger.ts";
import { random, sorted, valuesOf } from "../support.ts";
import { city, control, expectedLog, plans, simulation, TICK, whole, type SignalPlan } from "./signals.ts";

const COUNT = 300;
const SEED = 3;
const INTERSECTIONS = 4;

type TimedEdit = SignalPlan & { readonly at: number };

/** Edits that are made when the ticks have come to one of these, for a later time. */
const EDITS = new Map<number, readonly TimedEdit[]>([
  [0, [{ id: 0, green: 33, window: -1, at: 5 * TICK }, { id: 1, green: 44, window: -2, at: 120 * TICK }]],
  [100, [{ id: 2, green: 55, window: -3, at: 130 * TICK }, { id: 0, green: 11, window: -4, at: 250 * TICK }]],
  [210, [{ id: 3, green: 66, window: -5, at: 211 * TICK }]],
]);

/** The city's ticks, which stop at some until `go` says that they go on. */
function gatedTicks(go: (tick: number) => Promise<void> | undefined): Source {
  const source = generatorSource("ticks", city(SEED, INTERSECTIONS, COUNT), systemClock());
  return {
    ...source,
    async open(options) {
      const reader = await source.open(options);
      let tick = options.position;
      return {
        ...reader,
        async next() {
          await go(tick++);
          return reader.next();
        },
      };
    },
    splits: () => Promise.resolve([{ id: "0", parallel: false }]),
  };
}

interface Plan {
  readonly cut: Cut;
  readonly instances: number;
}

/** Runs the city, killed after each of `kills` commits, with edits made when the ticks have come so far. */
async function run(workflows: Parameters<typeof Runtime.start>[0]["workflows"], plan: Plan, kills: readonly number[] = []): Promise<string[]> {
  let ledger = createMemoryLedger();
  const edited = new Set<number>();
  for (let round = 0; ; round++) {
    let left = kills[round] ?? Infinity;
    const killed = Promise.withResolvers<boolean>();
    const counted: MemoryLedger = {
      ...ledger,
      commit: (commit) => {
        if (--left <= 0) killed.resolve(false);
        return left <= 0 ? new Promise(() => undefined) : current.commit(commit);
      },
    };
    const current = ledger;
    const go = async (tick: number): Promise<void> => {
      const edits = EDITS.get(tick);
      if (edits === undefined || edited.has(tick)) return;
      for (const { at, ...row } of edits) await runtime.edit(plans, [{ put: row }], { time: at });
      edited.add(tick);
    };
    const starting = Promise.withResolvers<void>();
    const runtime: Runtime = await Runtime.start({
      workflows,
      ledger: counted,
      clock: systemClock(),
      bounded: true,
      ...plan,
      host: inThreadHost(),
      sources: { ticks: gatedTicks((tick) => starting.promise.then(() => go(tick))) },
    });
    starting.resolve();
    const finished = await Promise.race([runtime.finished.then(() => true), killed.promise]);
    if (finished) {
      const rows = sorted(await valuesOf(runtime, "log"));
      await runtime.stop();
      return rows;
    }
    ledger = ledger.reopen();
    void runtime.stop().catch(() => undefined);
  }
}

const expected = expectedLog(SEED, INTERSECTIONS, COUNT, [...EDITS.values()].flat());

for (const plan of [
  { cut: "none", instances: 1 },
  { cut: "shuffle", instances: 2 },
  { cut: "every", instances: 1 },
] as const) {
  test(`edits at given event times hold from then on, whoever runs the loop (cut ${plan.cut}, ${plan.instances} instances)`, { timeout: 120_000 }, async () => {
    assert.deepEqual(await run([whole], plan), expected);
    assert.deepEqual(await run([simulation, control], plan), expected);
  });

  test(`a loop that is killed again and again goes on where it was (cut ${plan.cut}, ${plan.instances} instances)`, { timeout: 120_000 }, async () => {
    const next = random(plan.instances * 17 + plan.cut.length);
    const kills = Array.from({ length: 12 }, () => 1 + Math.floor(next() * 150));
    assert.deepEqual(await run([whole], plan, kills), expected);
    assert.deepEqual(await run([simulation, control], plan, kills), expected);
  });
}
