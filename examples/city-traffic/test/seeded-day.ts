import { cityMap, sensorsOf } from "../city-map.ts";
import { dailyProfile } from "../demand.ts";
import { fixedTiming } from "../intersection.ts";
import { emptyTraffic, simulate, TICK, timeOf, type Reading } from "../simulator.ts";

export const TICKS_A_DAY = 86_400_000 / TICK;

/** The readings of a small city under fixed timing, tick by tick, from its beginning on. */
export function* readingsOfCity(seed: number, intersections: number, ticks: number): Generator<readonly Reading[]> {
  const sites = cityMap({ seed, intersections }).map((intersection) => ({
    intersection,
    timing: fixedTiming(intersection),
    sensors: sensorsOf(intersection).map(({ approach }) => approach),
  }));
  const traffics = sites.map(({ timing }) => emptyTraffic(timing));
  for (let tick = 0; tick < ticks; tick++) {
    const time = timeOf(tick);
    yield sites.flatMap((site, i) => simulate({ seed, time, share: dailyProfile(time) }, site, traffics[i]));
  }
}
