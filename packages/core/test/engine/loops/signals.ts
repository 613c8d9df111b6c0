import { generator, type Generator } from "../../../src/engine/generator.ts";
import { collection, topic } from "../../../src/graph/refs.ts";
import { tumbling } from "../../../src/graph/window.ts";
import { sum } from "../../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { random } from "../support.ts";

/** A city whose signals are set by what passed them: ticks -> readings -> windows -> plans -> the next ticks. */
export interface Tick {
  readonly id: number;
  readonly at: number;
  readonly arriving: number;
}
export interface Reading {
  readonly id: number;
  readonly at: number;
  readonly vehicles: number;
}
export interface SignalPlan {
  readonly id: number;
  readonly green: number;
  /** End of the window that it was made of. */
  readonly window: number;
}

export const TICK = 10_000;
export const ticks = topic<Tick>("ticks");
export const readings = topic<Reading>("readings");
export const plans = collection<SignalPlan>("plans", { key: (plan) => plan.id });
export const log = topic<SignalPlan & { readonly at: number }>("log");

/** Reads the plan that holds at each tick, and lets pass what its green allows. */
export const simulation = workflow("simulation", (flow) => {
  const now = flow
    .from(ticks, { time: (tick) => tick.at })
    .keyBy((tick) => tick.id)
    .enrich(flow.table(plans, { delay: TICK }), (tick, plan) => ({ ...tick, green: plan?.green ?? 20, window: plan?.window ?? 0 }));
  now.map(({ id, at, arriving, green }) => ({ id, at, vehicles: Math.round((arriving * green) / 20) })).to(readings);
  now.map(({ id, at, green, window }) => ({ id, at, green, window })).to(log);
});

export const control = workflow("control", (flow) => {
  flow
    .from(readings)
    .keyBy((reading) => reading.id)
    .window(tumbling("15m"))
    .aggregate({ vehicles: sum((reading) => reading.vehicles) })
    .map((row) => ({ id: row.key, green: 10 + (row.vehicles % 37), window: row.window.end }))
    .to(plans);
});

/** Both in one workflow. */
export const whole = workflow("whole", (flow) => {
  const now = flow
    .from(ticks, { time: (tick) => tick.at })
    .keyBy((tick) => tick.id)
    .enrich(flow.table(plans, { delay: TICK }), (tick, plan) => ({ ...tick, green: plan?.green ?? 20, window: plan?.window ?? 0 }));
  now.map(({ id, at, arriving, green }) => ({ id, at, vehicles: Math.round((arriving * green) / 20) })).to(readings);
  now.map(({ id, at, green, window }) => ({ id, at, green, window })).to(log);
  flow
    .from(readings)
    .keyBy((reading) => reading.id)
    .window(tumbling("15m"))
    .aggregate({ vehicles: sum((reading) => reading.vehicles) })
    .map((row) => ({ id: row.key, green: 10 + (row.vehicles % 37), window: row.window.end }))
    .to(plans);
});

/** Ticks of a seeded day or a part of it, one chunk a tick. */
export function city(seed: number, intersections: number, count: number): Generator<Tick> {
  return generator({
    chunk: (index) => {
      if (index >= count) return undefined;
      const next = random(seed * 1_000_003 + index);
      return Array.from({ length: intersections }, (_, id) => ({ id, at: index * TICK, arriving: Math.floor(next() * 9) }));
    },
  });
}

/** What the log says, computed without Millrace. `edits` by intersection. */
export function expectedLog(seed: number, intersections: number, count: number, edits: readonly (SignalPlan & { readonly at: number })[] = []): string[] {
  const made = city(seed, intersections, count);
  const held: { readonly from: number; readonly plan: SignalPlan }[][] = Array.from({ length: intersections }, () => []);
  for (const { at, ...plan } of edits) held[plan.id].push({ from: at, plan });
  const sums = new Map<string, number>();
  const lines: string[] = [];
  for (let index = 0; index < count; index++) {
    for (const { id, at, arriving } of made.chunk(index) ?? []) {
      const due = held[id].filter(({ from }) => from <= at).sort((a, b) => a.from - b.from);
      const plan = due.at(-1)?.plan ?? { id, green: 20, window: 0 };
      lines.push(JSON.stringify({ id, at, green: plan.green, window: plan.window }));
      const start = Math.floor(at / 900_000) * 900_000;
      const name = `${id} ${start}`;
      sums.set(name, (sums.get(name) ?? 0) + Math.round((arriving * plan.green) / 20));
    }
    const end = (index + 1) * TICK;
    if (end % 900_000 !== 0) continue;
    for (let id = 0; id < intersections; id++) {
      const vehicles = sums.get(`${id} ${end - 900_000}`) ?? 0;
      // A window's row has its last millisecond as its time.
      held[id].push({ from: end - 1 + TICK, plan: { id, green: 10 + (vehicles % 37), window: end } });
    }
  }
  return lines.sort();
}
