import { collection, topic, type Window } from "millrace";
import type { Direction, Lamp } from "./intersection.ts";
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

/** A lamp that is broken, or was. */
export interface Alarm {
  readonly intersection: string;
  readonly approach: Direction;
  readonly lamp: Lamp;
  /** Event time of the first reading that said so, epoch ms. */
  readonly since: number;
  readonly cleared: boolean;
}

/** The windows that are watched, shortest first. */
export const LENGTHS = ["15m", "1h", "24h"] as const;
export type Length = (typeof LENGTHS)[number];

export const ticks = topic<Tick>("ticks");
export const readings = topic<Reading>("readings", { retention: { bytes: 256 * 1024 * 1024 } });

/** Of each length the open window, changing as readings come, and the last one that is final. */
export const rankings = collection<Ranked>("rankings", { key: ({ length, window, rank }) => [length, turnOf(window), rank] });
export const busyIntersections = collection<Busy>("busy", { key: ({ length, window }) => [length, turnOf(window)] });

/** What each intersection's lights are to show. */
export const plans = collection<ComputedPlan>("plans", { key: ({ intersection }) => intersection });

export const alarms = collection<Alarm>("alarms", { key: ({ intersection, approach, lamp }) => [intersection, approach, lamp] });

/** Windows take turns: each takes the rows of the one before the last, so that a collection never grows. */
function turnOf({ start, end }: Window): number {
  return (start / (end - start)) % 2;
}
