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

/** What a light shows how long: two phases that take turns. */
export interface SignalPlan {
  readonly intersection: string;
  /** s; the greens and the lost time. */
  readonly cycle: number;
  /** Effective green and red of each phase, s. */
  readonly phases: Readonly<Record<Phase, { readonly green: number; readonly red: number }>>;
  /** From when on it is to be shown, epoch ms; the light takes it when its cycle has come round. */
  readonly since: number;
}

export function phaseOf(direction: Direction): Phase {
  return direction === "north" || direction === "south" ? "NS" : "EW";
}

/** Fixed timing: a cycle of 60 s whose green is shared equally. What a light does until something better is known. */
export function fixedPlan({ id, lostTime }: Intersection, since: number): SignalPlan {
  return planOf(id, 60, [(60 - lostTime) / 2, (60 - lostTime) / 2], since);
}

/** A plan with the greens of NS and EW. */
export function planOf(intersection: string, cycle: number, [ns = 0, ew = 0]: readonly number[], since: number): SignalPlan {
  return { intersection, cycle, phases: { NS: { green: ns, red: cycle - ns }, EW: { green: ew, red: cycle - ew } }, since };
}
