import { cityMap, sensorsOf } from "./city-map.ts";
import { dailyProfile, type Demand } from "./demand.ts";
import { DIRECTIONS, fixedTiming, phaseOf, type Direction, type Intersection, type Phase } from "./intersection.ts";
import { BEGINNING, emptyTraffic, simulate, TICK } from "./simulator.ts";
import { flowOf, planFor } from "./timing.ts";

/** Who wants to pass, and when. */
export interface Scenario {
  /** At the busiest time, flow by saturation flow on the approaches of each phase; absent: as the city's map has it. */
  readonly ratios?: Readonly<Record<Phase, number>>;
  readonly demand: Demand;
  readonly hours: number;
}

/** The three that control is judged by. */
export const SCENARIOS = {
  balanced: { ratios: { NS: 0.3, EW: 0.3 }, demand: () => 1, hours: 3 },
  "2:1": { ratios: { NS: 0.4, EW: 0.2 }, demand: () => 1, hours: 3 },
  /** The city's own streets on a morning, from six to eleven. */
  peaked: { demand: dailyProfile, hours: 5 },
} as const satisfies Record<string, Scenario>;

/** How lights are set: a cycle of 60 s shared equally, or Webster's timing of each window for the next. */
export type Control = "fixed" | "webster";

/** How long vehicles are counted for a plan, ms. */
export const CONTROL_WINDOW = 15 * 60_000;

/**
 * The mean delay of all vehicles that came to some intersections, s, measured as the time that they stood.
 * Both controls meet the same vehicles at the same seconds. A window's plans take effect one tick after
 * its end, so that for the first window both controls are the same.
 */
export function meanDelay({ ratios, demand, hours }: Scenario, control: Control, seed: number, intersections = 9): number {
  let waited = 0;
  let vehicles = 0;
  for (const laidOut of cityMap({ seed, intersections })) {
    const intersection = ratios === undefined ? laidOut : withDemand(laidOut, ratios);
    const sensors = sensorsOf(intersection).map(({ approach }) => approach);
    let timing = fixedTiming(intersection);
    let next = { ...timing, since: Infinity };
    const traffic = emptyTraffic(timing);
    let counts: Partial<Record<Direction, number>> = {};
    for (let time = BEGINNING; time < BEGINNING + hours * 3_600_000; time += TICK) {
      if (time >= next.since) timing = next;
      for (const reading of simulate({ seed, time, share: demand(time) }, { intersection, timing, sensors }, traffic)) {
        waited += reading.waited;
        vehicles += reading.vehicles;
        counts[reading.approach] = (counts[reading.approach] ?? 0) + reading.vehicles;
      }
      const end = time + TICK;
      if (end % CONTROL_WINDOW !== 0) continue;
      const flows = Object.fromEntries(Object.entries(counts).map(([approach, count]) => [approach, flowOf(count, CONTROL_WINDOW)]));
      if (control === "webster") next = planFor(intersection, flows, end + TICK);
      counts = {};
    }
    for (const { beyond } of traffic.queues) vehicles += beyond;
  }
  return waited / vehicles;
}

function withDemand(intersection: Intersection, ratios: Readonly<Record<Phase, number>>): Intersection {
  const approaches = Object.fromEntries(
    DIRECTIONS.flatMap((direction) => {
      const approach = intersection.approaches[direction];
      return approach === undefined ? [] : [[direction, { ...approach, peakFlow: ratios[phaseOf(direction)] * approach.saturationFlow }]];
    }),
  );
  return { ...intersection, approaches };
}
