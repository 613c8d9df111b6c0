/**
 * Whether a number can be an event time: finite, and so far from the ends of time that windows around
 * it have bounds of their own. One atom at infinity would make all that follow it late.
 */
export function isTime(time: number): boolean {
  return time >= Number.MIN_SAFE_INTEGER && time <= Number.MAX_SAFE_INTEGER;
}
