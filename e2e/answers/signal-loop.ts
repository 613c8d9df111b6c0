/** A city whose signals are set by what passed them: two workflows that read what the other writes, and their ticks. */
import { collection, generator, sum, topic, tumbling, workflow, type Generator } from "millrace";

interface Tick {
  readonly id: number;
  readonly at: number;
  readonly arriving: number;
}
interface Passed {
  readonly id: number;
  readonly vehicles: number;
}
export interface SignalPlan {
  readonly id: number;
  readonly green: number;
  /** End of the window that it was made of. */
  readonly window: number;
}

export const TICK = 10_000;
const WINDOW = 900_000;
/** How many ticks of how many intersections; a day has 8,640. */
export const COUNT = Number(process.env["SIGNAL_LOOP_TICKS"] ?? 600);
export const INTERSECTIONS = Number(process.env["SIGNAL_LOOP_INTERSECTIONS"] ?? 20);

const ticksTopic = topic<Tick>("ticks");
const passed = topic<Passed>("passed");
const log = topic<SignalPlan & { readonly at: number }>("log");
export const plans = collection<SignalPlan>("plans", { key: (plan) => plan.id });

export const simulation = workflow("simulation", (flow) => {
  const now = flow
    .from(ticksTopic, { time: (tick) => tick.at })
    .keyBy((tick) => tick.id)
    .enrich(flow.table(plans, { delay: TICK }), (tick, plan) => ({ ...tick, green: plan?.green ?? 20, window: plan?.window ?? 0 }));
  now.map(({ id, arriving, green }) => ({ id, vehicles: Math.round((arriving * green) / 20) })).to(passed);
  now.map(({ id, at, green, window }) => ({ id, at, green, window })).to(log);
});

export const control = workflow("control", (flow) => {
  flow
    .from(passed)
    .keyBy((one) => one.id)
    .window(tumbling(WINDOW))
    .aggregate({ vehicles: sum((one) => one.vehicles) })
    .map((row) => ({ id: row.key, green: 10 + (row.vehicles % 37), window: row.window.end }))
    .to(plans);
});

const ticks: Generator<Tick> = generator({ chunk: (index) => (index < COUNT ? tickOf(index) : undefined), identity: `${COUNT} ticks of ${INTERSECTIONS} intersections` });

export const sources = { ticks };

/** What the log says, computed without Millrace, sorted. */
export function expectedLog(): string[] {
  const current = Array.from({ length: INTERSECTIONS }, (_, id): SignalPlan => ({ id, green: 20, window: 0 }));
  let next: readonly SignalPlan[] = [];
  const sums = new Array<number>(INTERSECTIONS).fill(0);
  const lines: string[] = [];
  for (let index = 0; index < COUNT; index++) {
    for (const { id, at, arriving } of tickOf(index)) {
      const { green, window } = current[id];
      lines.push(JSON.stringify({ id, at, green, window }));
      sums[id] += Math.round((arriving * green) / 20);
    }
    // A plan holds one tick after its window's end: the first tick after it still has the one before.
    for (const plan of next) current[plan.id] = plan;
    next = [];
    const end = (index + 1) * TICK;
    if (end % WINDOW !== 0) continue;
    next = sums.map((vehicles, id) => ({ id, green: 10 + (vehicles % 37), window: end }));
    sums.fill(0);
  }
  return lines.sort();
}

function tickOf(index: number): Tick[] {
  return Array.from({ length: INTERSECTIONS }, (_, id) => ({ id, at: index * TICK, arriving: Math.floor(hash(index * 1_000_003 + id) * 9) }));
}

/** A number in [0, 1) that follows from another (the finalizer of MurmurHash3). */
function hash(seed: number): number {
  let h = seed >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296;
}
