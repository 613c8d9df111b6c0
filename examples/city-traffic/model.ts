import { collection, topic, type Window } from "millrace";
import { z } from "zod";
import { DIRECTIONS, LAMPS, type Direction, type Intersection, type Lamp, type Sensor } from "./intersection.ts";
import type { Reading } from "./simulator.ts";
import type { ComputedPlan } from "./timing.ts";

/** The clock of the city: one a tick. */
export interface Tick {
  /** Its beginning, epoch ms. */
  readonly time: number;
  /** Which city it is. */
  readonly seed: number;
  readonly intersections: number;
}

/** Somebody mended a lamp; from the next tick on it shines again. */
export interface Repair {
  readonly intersection: string;
  readonly approach: Direction;
  readonly lamp: Lamp;
}

/** A lamp that is broken, and where. */
export interface Alarm extends Repair {
  readonly latitude: number | undefined;
  readonly longitude: number | undefined;
  /** Event time of the first reading that said so, epoch ms. */
  readonly since: number;
}

/** One of the ten intersections with the highest mean speed in a window. */
export interface Ranked {
  readonly length: Length;
  readonly window: Window;
  readonly rank: number;
  readonly intersection: string;
  /** Mean of its readings, km/h. */
  readonly speed: number;
  readonly readings: number;
}

export interface Median {
  readonly intersection: string;
  readonly median: number;
}

/** The intersections that are busier than the city in a window: their median vehicle count exceeds that of all readings. */
export interface Busy {
  readonly length: Length;
  readonly window: Window;
  /** Of all readings of all intersections. */
  readonly median: number;
  readonly intersections: number;
  /** The busiest first. */
  readonly exceeding: readonly Median[];
}

/** What the lights of an intersection are to show, and what was measured there in the window that it follows from. */
export interface ControlResult extends ComputedPlan {
  readonly window: Window;
  /** Mean time that a vehicle stood, s. */
  readonly delay: number;
}

/** What control is worth: the mean time that a vehicle stood in a window, and would have stood under fixed timing. */
export interface Delay {
  readonly window: Window;
  readonly vehicles: number;
  /** s. */
  readonly controlled: number;
  /** The same vehicles, met by lights with a cycle of 60 s, shared equally; s. */
  readonly fixed: number;
}

/** An intersection as it is now: in the last tick. */
export interface Place {
  readonly intersection: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Beginning of the tick, epoch ms. */
  readonly time: number;
  /** Mean of the vehicles that came, km/h; null where none did. */
  readonly speed: number | null;
  /** Vehicles between sensors and lights. */
  readonly waiting: number;
  readonly northSouth: Lamp;
  readonly eastWest: Lamp;
  /** How many of its lamps are broken. */
  readonly broken: number;
}

/** The windows that are watched, shortest first. */
export const LENGTHS = ["15m", "1h", "24h"] as const;
export type Length = (typeof LENGTHS)[number];

/** How long vehicles are counted for a plan and for a delay. */
export const CONTROL_WINDOW = "15m";

export const ticks = topic<Tick>("ticks");
export const readings = topic<Reading>("readings", { retention: { bytes: 256 * 1024 * 1024 } });

/** What people edit. */
export const intersections = collection<Intersection>("intersections", {
  key: ({ id }) => id,
  schema: z.object({
    id: z.string().min(1),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    lostTime: z.number().min(0).max(30),
    approaches: z.partialRecord(
      z.enum(DIRECTIONS),
      z.object({
        lanes: z.int().min(1).max(10),
        saturationFlow: z.number().positive(),
        freeSpeed: z.number().positive(),
        peakFlow: z.number().nonnegative(),
      }),
    ),
  }),
});

export const sensors = collection<Sensor>("sensors", {
  key: ({ intersection, approach }) => [intersection, approach],
  schema: z.object({ intersection: z.string(), approach: z.enum(DIRECTIONS) }),
});

export const repairs = collection<Repair>("repairs", {
  key: ({ intersection, approach, lamp }) => [intersection, approach, lamp],
  schema: z.object({ intersection: z.string(), approach: z.enum(DIRECTIONS), lamp: z.enum(LAMPS) }),
});

/** Of each length the open window, changing as readings come, and the last one that is final. */
export const rankings = collection<Ranked>("rankings", { key: ({ length, window, rank }) => [length, turnOf(window, 2), rank] });
export const busyIntersections = collection<Busy>("busy", { key: ({ length, window }) => [length, turnOf(window, 2)] });

export const plans = collection<ControlResult>("plans", { key: ({ intersection }) => intersection });

/** One row for each lamp that is broken now. */
export const alarms = collection<Alarm & { readonly cleared: boolean }>("alarms", {
  key: ({ intersection, approach, lamp }) => [intersection, approach, lamp],
  deleted: ({ cleared }) => cleared,
});

export const places = collection<Place>("places", { key: ({ intersection }) => intersection });

/** The quarters of the last day. */
export const delays = collection<Delay>("delays", { key: ({ window }) => turnOf(window, 96) });

/** Windows take turns: each takes the rows of the one `turns` before it, so that a collection never grows. */
function turnOf({ start, end }: Window, turns: number): number {
  return (start / (end - start)) % turns;
}
