import { generator } from "millrace";
import type { Tick } from "./model.ts";
import { TICK, timeOf } from "./simulator.ts";

export { busy } from "./busy.ts";
export { lamps } from "./lamps.ts";
export { ranking } from "./ranking.ts";
export { simulation } from "./simulation.ts";

/** What `millrace run` reads: two hours of a small city. `npm start` brings a city of its own. */
export const sources = {
  ticks: generator({ chunk: (tick) => (tick * TICK < 2 * 3_600_000 ? [{ time: timeOf(tick), seed: 1, intersections: 20 } satisfies Tick] : undefined) }),
};
