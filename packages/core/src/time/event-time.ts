/** The largest event time, epoch ms: that of a Date, some 275,000 years away. What closes with all time gets it. */
export const LAST_TIME = 8.64e15;

/**
 * Whether a number can be an event time: one that a Date can hold, so that windows around it have
 * bounds of their own, which steps of a millisecond still tell apart. One atom at infinity would make
 * all that follow it late.
 */
export function isTime(time: number): boolean {
  return time >= -LAST_TIME && time <= LAST_TIME;
}
