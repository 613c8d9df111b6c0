import { DIRECTIONS, PHASES, phaseOf, timingOf, type Direction, type Intersection, type SignalPlan } from "./intersection.ts";
import { criticalRatio, websterTiming, type TimingLimits } from "./webster.ts";

/** Vehicles an hour by approach; one that nobody counts is absent. */
export type Flows = Readonly<Partial<Record<Direction, number>>>;

/** A plan that follows from what was counted. */
export interface ComputedPlan extends SignalPlan {
  readonly flows: Flows;
  /** Webster's Y. */
  readonly flowRatio: number;
  /** Whether no timing serves the demand; the plan then has the longest cycle. */
  readonly oversaturated: boolean;
}

/** Vehicles of a window as a flow, vehicles an hour. */
export function flowOf(vehicles: number, milliseconds: number): number {
  return (vehicles * 3_600_000) / milliseconds;
}

/** Webster's timing of an intersection for the flows of its approaches, from `since` on. */
export function planFor(intersection: Intersection, flows: Flows, since: number, limits?: TimingLimits): ComputedPlan {
  const ratios = PHASES.map((phase) =>
    criticalRatio(
      DIRECTIONS.flatMap((direction) => {
        const approach = intersection.approaches[direction];
        const flow = flows[direction];
        return phaseOf(direction) !== phase || approach === undefined || flow === undefined ? [] : [{ flow, saturationFlow: approach.saturationFlow }];
      }),
    ),
  );
  const { cycle, greens, flowRatio, oversaturated } = websterTiming(ratios, intersection.lostTime, limits);
  return { intersection: intersection.id, ...timingOf(cycle, greens), since, flows, flowRatio, oversaturated };
}
