import { generator, type Generator } from "millrace";
import type { Tick } from "./model.ts";
import { TICK, timeOf } from "./simulator.ts";

export interface ClockOptions {
  readonly seed: number;
  readonly intersections: number;
  /** Seconds of the city a second; Infinity: as fast as they are taken. */
  readonly speed: number;
  /** How many ticks there are. Default: without end. */
  readonly ticks?: number;
}

/** The clock that a city lives by, as the source of its ticks. Another city is refused where one was begun. */
export function cityClock({ seed, intersections, speed, ticks = Infinity }: ClockOptions): Generator<Tick> {
  return generator({
    chunk: (tick) => (tick < ticks ? [{ time: timeOf(tick), seed, intersections }] : undefined),
    identity: `a city of ${intersections} intersections with seed ${seed}`,
    ...(speed === Infinity ? {} : { rate: (speed * 1000) / TICK }),
  });
}
