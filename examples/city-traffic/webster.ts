/**
 * F. V. Webster, Traffic Signal Settings, Road Research Technical Paper 39, HMSO, London 1958.
 * Flows and saturation flows in vehicles an hour, times in seconds.
 */

/** Within which a computed timing must lie. */
export interface TimingLimits {
  /** Shortest cycle, s. Default 30. */
  readonly shortest?: number;
  /** Longest cycle, s. Default 120. */
  readonly longest?: number;
  /** Least effective green of a phase, s. Default 7. */
  readonly leastGreen?: number;
}

export interface Timing {
  /** s, lost time included. */
  readonly cycle: number;
  /** Effective green of each phase, s, in the order of the flow ratios. */
  readonly greens: readonly number[];
  /** Sum of the critical flow ratios, Webster's Y. */
  readonly flowRatio: number;
  /** Whether Y is so near 1, or above, that no cycle serves the demand: the longest is given. */
  readonly oversaturated: boolean;
}

/** From this Y on an intersection counts as oversaturated. */
export const OVERSATURATED = 0.95;

/** A phase's critical flow ratio: the largest flow by saturation flow of the approaches that it serves. */
export function criticalRatio(approaches: readonly { readonly flow: number; readonly saturationFlow: number }[]): number {
  return approaches.reduce((most, { flow, saturationFlow }) => Math.max(most, flow / saturationFlow), 0);
}

/** The cycle of least delay, unclamped: (1.5 L + 5) / (1 - Y). Infinite where Y >= 1. */
export function optimumCycle(lostTime: number, flowRatio: number): number {
  return flowRatio < 1 ? (1.5 * lostTime + 5) / (1 - flowRatio) : Infinity;
}

/**
 * Webster's timing for phases with the given critical flow ratios and a total lost time a cycle:
 * the optimum cycle within the limits, its green divided in proportion to the ratios (equally where
 * nothing comes), no phase below the least green.
 */
export function websterTiming(ratios: readonly number[], lostTime: number, limits: TimingLimits = {}): Timing {
  const { shortest = 30, longest = 120, leastGreen = 7 } = limits;
  const flowRatio = ratios.reduce((sum, ratio) => sum + ratio, 0);
  const oversaturated = flowRatio >= OVERSATURATED;
  const least = Math.max(shortest, lostTime + leastGreen * ratios.length);
  const cycle = oversaturated ? longest : Math.max(least, Math.min(longest, optimumCycle(lostTime, flowRatio)));
  return { cycle, greens: divide(cycle - lostTime, ratios, leastGreen), flowRatio, oversaturated };
}

/**
 * Mean delay of a vehicle at a light with fixed times, s: uniform arrivals, random ones,
 * and the correction by simulation. `greenShare` is effective green by cycle, `saturation` flow by
 * capacity, below 1; `flow` is in vehicles a second. NaN where saturation >= 1, which it does not cover.
 */
export function websterDelay({ cycle, greenShare, saturation, flow }: WebsterDelayInput): number {
  if (saturation >= 1) return Number.NaN;
  const uniform = (cycle * (1 - greenShare) ** 2) / (2 * (1 - greenShare * saturation));
  const random = saturation ** 2 / (2 * flow * (1 - saturation));
  const correction = 0.65 * Math.cbrt(cycle / flow ** 2) * saturation ** (2 + 5 * greenShare);
  return uniform + random - correction;
}

export interface WebsterDelayInput {
  readonly cycle: number;
  readonly greenShare: number;
  readonly saturation: number;
  readonly flow: number;
}

/** Shares in proportion to the ratios; who falls below the least gets that, and the others share the rest. */
function divide(green: number, ratios: readonly number[], least: number): number[] {
  const raised = new Set<number>();
  for (;;) {
    const free = green - least * raised.size;
    const open = ratios.filter((_, phase) => !raised.has(phase));
    const total = open.reduce((sum, ratio) => sum + ratio, 0);
    const share = (ratio: number): number => (total > 0 ? free * (ratio / total) : free / open.length);
    const below = ratios.findIndex((ratio, phase) => !raised.has(phase) && share(ratio) < least);
    if (below < 0 || raised.size === ratios.length) return ratios.map((ratio, phase) => (raised.has(phase) ? least : share(ratio)));
    raised.add(below);
  }
}
