import { tumbling, workflow } from "millrace";
import { DIRECTIONS, type Direction } from "./intersection.ts";
import { intersections, places, readings, type Place } from "./model.ts";
import { TICK, type Reading } from "./simulator.ts";

type Latest = Partial<Record<Direction, Reading>>;

/** The readings of a tick, by approach. */
const byApproach = {
  init: (): Latest => ({}),
  add(all: Latest, reading: Reading): Latest {
    all[reading.approach] = reading;
    return all;
  },
  merge: (all: Latest, others: Latest): Latest => Object.assign(all, others),
  result: (all: Latest): Latest => all,
};

/** How each intersection is now, for the map: one row each, anew with every tick. */
export const overview = workflow("overview", (flow) =>
  flow
    .from(readings)
    .keyBy((reading) => reading.intersection)
    .window(tumbling(TICK))
    .aggregate({ latest: byApproach })
    .keyBy(({ key }) => key)
    .enrich(flow.table(intersections), ({ window, key, latest }, place): readonly Place[] => (place === undefined ? [] : [placeOf(key, window.start, latest, place)]))
    .flatMap((rows) => rows)
    .to(places),
);

function placeOf(intersection: string, time: number, latest: Latest, { latitude, longitude }: Pick<Place, "latitude" | "longitude">): Place {
  const all = DIRECTIONS.flatMap((direction) => latest[direction] ?? []);
  const vehicles = all.reduce((sum, one) => sum + one.vehicles, 0);
  const speeds = all.reduce((sum, one) => sum + one.vehicles * (one.speed ?? 0), 0);
  return {
    intersection,
    latitude,
    longitude,
    time,
    speed: vehicles === 0 ? null : speeds / vehicles,
    waiting: all.reduce((sum, one) => sum + one.queue, 0),
    northSouth: latest.north?.lit ?? latest.south?.lit ?? "red",
    eastWest: latest.east?.lit ?? latest.west?.lit ?? "red",
    broken: all.reduce((sum, one) => sum + one.broken.length, 0),
  };
}
