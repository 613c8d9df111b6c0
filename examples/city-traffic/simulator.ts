import { DIRECTIONS, LAMPS, phaseOf, type Approach, type Direction, type Intersection, type Lamp, type SignalTiming } from "./intersection.ts";
import { follow, greenOf, litLamp, type Light } from "./light.ts";
import { pass, type Queue } from "./queue.ts";
import { bell, hashOf, mix, mixed, uniform } from "./random.ts";

/** What the sensor of one approach says of one tick. */
export interface Reading {
  readonly intersection: string;
  readonly approach: Direction;
  /** Beginning of the tick, epoch milliseconds. */
  readonly time: number;
  /** Vehicles that passed the sensor in the tick. */
  readonly vehicles: number;
  /** Their mean speed on the road before the light, km/h; null where none came. */
  readonly speed: number | null;
  /** Vehicles that wait between sensor and light at its end. */
  readonly queue: number;
  /** Time that vehicles of the approach stood in the tick, vehicle-seconds. */
  readonly waited: number;
  /** The lamp of its light that is lit at its end, or would be. */
  readonly lit: Lamp;
  /** The lamps of its light that are broken. */
  readonly broken: readonly Lamp[];
}

/** How often a sensor reports, in the city's time, ms. */
export const TICK = 20_000;

/** The city's time begins on a Monday morning, before the rush. */
export const BEGINNING = Date.UTC(2026, 5, 1, 6);

/** The beginning of a tick, in the city's time. */
export function timeOf(tick: number): number {
  return BEGINNING + tick * TICK;
}

/** A tick of the city: when, how much of the busiest flow wants to pass, and whose random numbers. */
export interface Moment {
  readonly seed: number;
  /** Beginning of the tick, epoch ms. */
  readonly time: number;
  readonly share: number;
}

/** An intersection as it is set up at a tick. */
export interface Site {
  readonly intersection: Intersection;
  /** What its lights are to show. */
  readonly timing: SignalTiming;
  /** The approaches that have a sensor. */
  readonly sensors: readonly Direction[];
}

/** What is left of a tick for the next one; by approach in the order of DIRECTIONS. */
export interface Traffic {
  readonly light: Light;
  readonly queues: readonly Queue[];
  /** Broken lamps, a bit each in the order of LAMPS. */
  readonly broken: number[];
}

/** An intersection at the beginning of a cycle, with whole lamps, where nobody waits. */
export function emptyTraffic(timing: SignalTiming): Traffic {
  return { light: { timing, position: 0 }, queues: DIRECTIONS.map(() => ({ waiting: 0, beyond: 0, credit: 0 })), broken: DIRECTIONS.map(() => 0) };
}

/**
 * Lets one tick pass at one intersection: changes its traffic and gives its readings. The outcome follows
 * from the arguments alone, whatever was simulated before, so ticks can be batched and divided at will.
 */
export function simulate({ seed, time, share }: Moment, { intersection, timing, sensors }: Site, { light, queues, broken }: Traffic): Reading[] {
  const readings: Reading[] = [];
  const place = mix(seed, hashOf(intersection.id), time / TICK);
  const stretches = follow(light, timing, TICK / 1000);
  for (let i = 0; i < DIRECTIONS.length; i++) {
    const direction = DIRECTIONS[i];
    const approach = intersection.approaches[direction];
    if (approach === undefined) continue;
    const here = mixed(place, i);
    const flow = approach.peakFlow * share;
    const passage = { counted: 0, waited: 0 };
    for (const { timing: followed, from, to, position } of stretches) {
      const green = greenOf(followed, phaseOf(direction));
      const road = { arrivals: flow / 3600, saturationFlow: approach.saturationFlow / 3600, room: approach.lanes * ROOM, cycle: followed.cycle, greenFrom: green.from, greenTo: green.to };
      pass(queues[i], road, { from, to, position, place: here }, passage);
    }
    broken[i] |= breaking(uniform(here, 0));
    if (!sensors.includes(direction)) continue;
    readings.push({
      intersection: intersection.id,
      approach: direction,
      time,
      vehicles: passage.counted,
      speed: passage.counted === 0 ? null : speedOf(approach, flow / capacityOf(approach, light.timing, direction), passage.counted, here),
      queue: queues[i].waiting,
      waited: passage.waited,
      lit: litLamp(light, phaseOf(direction)),
      broken: BROKEN[broken[i]],
    });
  }
  return readings;
}

/** A lamp works again. */
export function repair({ broken }: Traffic, direction: Direction, lamp: Lamp): void {
  broken[DIRECTIONS.indexOf(direction)] &= ~(1 << LAMPS.indexOf(lamp));
}

/** Vehicles an hour that can pass an approach. */
export function capacityOf({ saturationFlow }: Approach, { cycle, phases }: SignalTiming, direction: Direction): number {
  return (saturationFlow * phases[phaseOf(direction)].green) / cycle;
}

/** Vehicles that a lane has room for between sensor and stop line: 175 m of 7 m each. */
const ROOM = 25;
/** How much the speeds of single vehicles differ, km/h. */
const SPEED_DEVIATION = 6;
/** That a lamp breaks in a tick: once in 60 days, far sooner than a real one, so that a day has some. */
const BREAKS = TICK / (60 * 86_400_000);

/** The lamps of each set of bits. */
const BROKEN: readonly (readonly Lamp[])[] = Array.from({ length: 1 << LAMPS.length }, (_, bits) => LAMPS.filter((_lamp, i) => (bits & (1 << i)) !== 0));

/** The lamp that breaks, as a bit; 0: none does. */
function breaking(chance: number): number {
  return chance < BREAKS * LAMPS.length ? 1 << Math.floor(chance / BREAKS) : 0;
}

/**
 * The mean speed of some vehicles at a saturation (flow by capacity): the curve of the Bureau of Public
 * Roads (Traffic Assignment Manual, 1964), by which travel time grows with 1 + 0.15 x^4.
 */
function speedOf({ freeSpeed }: Approach, saturation: number, vehicles: number, place: number): number {
  const mean = freeSpeed / (1 + 0.15 * saturation ** 4);
  return Math.max(3, mean + (SPEED_DEVIATION * bell(place, 1)) / Math.sqrt(vehicles));
}
