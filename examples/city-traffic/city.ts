import { cityClock } from "./city-clock.ts";
import { TICK } from "./simulator.ts";

export { busy } from "./busy.ts";
export { control } from "./control.ts";
export { lamps } from "./lamps.ts";
export { layout } from "./layout.ts";
export { overview } from "./overview.ts";
export { ranking } from "./ranking.ts";
export { simulation } from "./simulation.ts";

/** What `millrace run` reads: two hours of a small city. `npm start` brings a city of its own. */
export const sources = { ticks: cityClock({ seed: 1, intersections: 20, speed: Infinity, ticks: (2 * 3_600_000) / TICK }) };
