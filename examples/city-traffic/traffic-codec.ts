import { DIRECTIONS, timingOf } from "./intersection.ts";
import type { Traffic } from "./simulator.ts";

/** An intersection's traffic as it is kept between ticks: numbers only, so that it is small. */
export type KeptTraffic = readonly number[];

export function keepTraffic({ light, queues, broken }: Traffic): KeptTraffic {
  const { cycle, phases } = light.timing;
  const kept = [light.position, cycle, phases.NS.green, phases.EW.green];
  for (let i = 0; i < DIRECTIONS.length; i++) kept.push(queues[i].waiting, queues[i].beyond, queues[i].credit, broken[i]);
  return kept;
}

/** Traffic of its own, which may be changed. */
export function restoreTraffic(kept: KeptTraffic): Traffic {
  const queues = [];
  const broken = [];
  for (let at = 4; at < kept.length; at += 4) {
    queues.push({ waiting: kept[at], beyond: kept[at + 1], credit: kept[at + 2] });
    broken.push(kept[at + 3]);
  }
  return { light: { timing: timingOf(kept[1], [kept[2], kept[3]]), position: kept[0] }, queues, broken };
}
