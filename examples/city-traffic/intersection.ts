export const DIRECTIONS = ["north", "east", "south", "west"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What gets green together: north and south, then east and west. */
export const PHASES = ["NS", "EW"] as const;
export type Phase = (typeof PHASES)[number];

/** The lamps of a light, from the top. */
export const LAMPS = ["red", "amber", "green"] as const;
export type Lamp = (typeof LAMPS)[number];

/** One road that leads into an intersection; it has one light. */
export interface Approach {
  readonly lanes: number;
  /** Vehicles an hour that would pass if the light were always green. */
  readonly saturationFlow: number;
  /** Mean speed on the empty road, km/h. */
  readonly freeSpeed: number;
  /** Vehicles an hour that want to pass at the busiest time of the day. */
  readonly peakFlow: number;
}

export interface Intersection {
  /** On the map that is laid out its square, column and row, as "C7". */
  readonly id: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Of each cycle, when nobody passes: amber, all red, starting up; s. */
  readonly lostTime: number;
  /** A direction without a road is absent. */
  readonly approaches: Readonly<Partial<Record<Direction, Approach>>>;
}

/** Counts the vehicles of an approach as they come; without it the road is there, and nobody sees it. */
export interface Sensor {
  readonly intersection: string;
  readonly approach: Direction;
}

/** What lights show how long: two phases that take turns. */
export interface SignalTiming {
  /** s; the greens and the lost time. */
  readonly cycle: number;
  /** Effective green and red of each phase, s. */
  readonly phases: Readonly<Record<Phase, { readonly green: number; readonly red: number }>>;
}

/** What the lights of an intersection are to show. */
export interface SignalPlan extends SignalTiming {
  readonly intersection: string;
  /** From when on, epoch ms; the lights take it when their cycle has come round. */
  readonly since: number;
}

export function phaseOf(direction: Direction): Phase {
  return direction === "north" || direction === "south" ? "NS" : "EW";
}

/** A cycle of 60 s whose green is shared equally: what lights do until something better is known. */
export function fixedTiming({ lostTime }: Intersection): SignalTiming {
  return timingOf(60, [(60 - lostTime) / 2, (60 - lostTime) / 2]);
}

/** A timing with the greens of NS and EW. */
export function timingOf(cycle: number, [ns = 0, ew = 0]: readonly number[]): SignalTiming {
  return { cycle, phases: { NS: { green: ns, red: cycle - ns }, EW: { green: ew, red: cycle - ew } } };
}
