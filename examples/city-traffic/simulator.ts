import { capacityOf, cityMap, type Approach, type CityOptions, type Intersection } from "./city-map.ts";
import { bell, mix, poisson, uniform } from "./random.ts";

/** What the sensor of one approach says of one tick. */
export interface Reading {
  readonly intersection: string;
  readonly approach: Approach["direction"];
  /** Beginning of the tick, epoch milliseconds. */
  readonly time: number;
  /** Vehicles that arrived in the tick. */
  readonly vehicles: number;
  /** Their mean speed, km/h; null where none came. */
  readonly speed: number | null;
}

/** How often a sensor reports, in the city's time, ms. */
export const TICK = 20_000;

/** The city's time begins on a Monday morning, before the rush. */
export const BEGINNING = Date.UTC(2026, 5, 1, 6);

export interface Simulator {
  readonly intersections: readonly Intersection[];
  /** The readings of tick 0, 1, ...: a function of the seed and the tick alone, in the order of the intersections. */
  readings(tick: number): Reading[];
}

/** The beginning of a tick, in the city's time. */
export function timeOf(tick: number): number {
  return BEGINNING + tick * TICK;
}

/** A city whose vehicles come at random, most of them in the rush hours. The same options give the same readings. */
export function simulator(options: CityOptions): Simulator {
  const intersections = cityMap(options);
  return {
    intersections,
    readings(tick) {
      const readings: Reading[] = [];
      const time = timeOf(tick);
      const share = shareOfPeak(time);
      const moment = mix(options.seed, tick);
      for (const [i, { id, approaches }] of intersections.entries()) {
        for (const [a, approach] of approaches.entries()) readings.push(readingOf(id, approach, time, share, mix(moment, i, a)));
      }
      return readings;
    },
  };
}

/** How much of the busiest flow there is at a time of the day: rush hours at 8:00 and 17:00. */
export function shareOfPeak(time: number): number {
  const hour = (time / 3_600_000) % 24;
  const hump = (at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));
  return Math.min(1, 0.06 + 0.8 * hump(8, 1.4) + 0.5 * hump(13, 4) + 0.85 * hump(17, 2));
}

/** How much the speeds of single vehicles differ, km/h. */
const SPEED_DEVIATION = 6;

function readingOf(intersection: string, approach: Approach, time: number, share: number, place: number): Reading {
  const flow = approach.peakFlow * share;
  const vehicles = poisson((flow * TICK) / 3_600_000, uniform(place, 0));
  const mean = speedAt(approach, flow / capacityOf(approach));
  const speed = vehicles === 0 ? null : Math.max(3, mean + (SPEED_DEVIATION * bell(place, 1)) / Math.sqrt(vehicles));
  return { intersection, approach: approach.direction, time, vehicles, speed };
}

/**
 * The mean speed at a saturation (flow by capacity): the curve of the Bureau of Public Roads (Traffic
 * Assignment Manual, 1964), by which travel time grows with 1 + 0.15 x^4.
 */
function speedAt({ freeSpeed }: Approach, saturation: number): number {
  return freeSpeed / (1 + 0.15 * saturation ** 4);
}
