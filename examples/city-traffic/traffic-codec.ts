import { DIRECTIONS, timingOf } from "./intersection.ts";
import type { Traffic } from "./simulator.ts";

/** An intersection's traffic as it is kept between ticks: numbers only, so that it is small. */
export type KeptTraffic = readonly number[];

export function keepTraffic({ light, queues, broken }: Traffic): KeptTraffic {
  const { cycle, phases } = light.timing;
  return [light.position, cycle, phases.NS.green, phases.EW.green, ...queues.flatMap(({ waiting, beyond, credit }, i) => [waiting, beyond, credit, broken[i]])];
}

/** Traffic of its own, which may be changed. */
export function restoreTraffic(kept: KeptTraffic): Traffic {
  const [position, cycle, ns, ew, ...approaches] = kept;
  const at = (approach: number, field: number): number => approaches[4 * approach + field];
  return {
    light: { timing: timingOf(cycle, [ns, ew]), position },
    queues: DIRECTIONS.map((_, i) => ({ waiting: at(i, 0), beyond: at(i, 1), credit: at(i, 2) })),
    broken: DIRECTIONS.map((_, i) => at(i, 3)),
  };
}
