/** How much of the busiest flow wants to pass at a time, from 0 to 1. */
export type Demand = (time: number) => number;

/** A working day, in UTC: rush hours at 8:00 and 17:00, quiet nights. */
export function dailyProfile(time: number): number {
  const hour = (time / HOUR) % 24;
  return Math.min(1, 0.06 + 0.8 * hump(hour, 8, 1.4) + 0.5 * hump(hour, 13, 4) + 0.85 * hump(hour, 17, 2));
}

const HOUR = 3_600_000;

function hump(hour: number, at: number, width: number): number {
  return Math.exp(-(((hour - at) / width) ** 2));
}
