import { sum, tumbling, workflow } from "millrace";
import { DIRECTIONS, type Direction } from "./intersection.ts";
import { CONTROL_WINDOW, intersections, plans, readings, type ControlResult } from "./model.ts";
import { TICK, type Reading } from "./simulator.ts";
import { flowOf, planFor } from "./timing.ts";

type Counts = Partial<Record<Direction, number>>;

/** Vehicles by approach; one without a sensor is absent. */
const byApproach = {
  init: (): Counts => ({}),
  add: (counts: Counts, { approach, vehicles }: Reading): Counts => added(counts, approach, vehicles),
  merge: (counts: Counts, others: Counts): Counts => DIRECTIONS.reduce((all, direction) => added(all, direction, others[direction]), counts),
  result: (counts: Counts): Counts => counts,
};

/**
 * Sets the lights: vehicles summed per approach and window, as a flow, give Webster's cycle and greens. What
 * follows from a window holds from one tick after its end.
 */
export const control = workflow("control", (flow) =>
  flow
    .from(readings)
    .keyBy((reading) => reading.intersection)
    .window(tumbling(CONTROL_WINDOW))
    .aggregate({ counts: byApproach, vehicles: sum((reading) => reading.vehicles), waited: sum((reading) => reading.waited) })
    .keyBy(({ key }) => key)
    .enrich(flow.table(intersections), ({ window, counts, vehicles, waited }, intersection): readonly ControlResult[] => {
      // It was taken off the map meanwhile.
      if (intersection === undefined) return [];
      const flows = Object.fromEntries(Object.entries(counts).map(([approach, count]) => [approach, flowOf(count, window.end - window.start)]));
      return [{ ...planFor(intersection, flows, window.end + TICK), window, delay: waited / Math.max(1, vehicles) }];
    })
    .flatMap((results) => results)
    .to(plans),
);

function added(counts: Counts, direction: Direction, vehicles: number | undefined): Counts {
  if (vehicles !== undefined) counts[direction] = (counts[direction] ?? 0) + vehicles;
  return counts;
}
