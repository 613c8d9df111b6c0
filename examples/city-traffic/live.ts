import { cityClock } from "./city-clock.ts";

export { busy } from "./busy.ts";
export { control } from "./control.ts";
export { lamps } from "./lamps.ts";
export { layout } from "./layout.ts";
export { overview } from "./overview.ts";
export { operations, setUp } from "./page.ts";
export { ranking } from "./ranking.ts";
export { simulation } from "./simulation.ts";

/** A city that never ends, faster than time. */
export const sources = { ticks: cityClock({ seed: setting("SEED", 1), intersections: setting("INTERSECTIONS", 100), speed: setting("SPEED", 60), ticks: Infinity }) };

/** A number of the environment: CITY_SEED, CITY_INTERSECTIONS, CITY_SPEED. */
function setting(name: string, otherwise: number): number {
  const given = process.env[`CITY_${name}`];
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!(value >= 1)) throw new Error(`CITY_${name} is ${JSON.stringify(given)}; give a number of 1 or more`);
  return value;
}
