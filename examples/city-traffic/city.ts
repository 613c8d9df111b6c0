import { collection, count, digest, generator, mean, medianOf, mergeDigests, topic, tumbling, workflow, type Digest, type Window } from "millrace";
import { simulator, TICK, type Reading } from "./simulator.ts";

export const readings = topic<Reading>("readings");

/** What `millrace run` reads: two hours of a small city. `npm start` brings a city of its own. */
const small = simulator({ seed: 1, intersections: 20 });
export const sources = {
  readings: generator({ chunk: (tick) => (tick * TICK < 2 * 3_600_000 ? small.readings(tick) : undefined) }),
};

/** The windows that are watched, shortest first. */
export const LENGTHS = ["15m", "1h", "24h"] as const;
export type Length = (typeof LENGTHS)[number];

/** One of the ten intersections with the highest mean speed in a window. */
export interface Ranked {
  readonly length: Length;
  readonly window: Window;
  readonly rank: number;
  readonly intersection: string;
  /** Mean of its readings, km/h. */
  readonly speed: number;
  readonly readings: number;
}

export interface Median {
  readonly intersection: string;
  readonly median: number;
}

/** The intersections that are busier than the city in a window: their median vehicle count exceeds that of all readings. */
export interface Busy {
  readonly length: Length;
  readonly window: Window;
  readonly median: number;
  readonly intersections: number;
  /** The busiest first. */
  readonly exceeding: readonly Median[];
}

/** Of each length the open window, changing as readings come, and the last one that is final. */
export const ranking = collection<Ranked>("ranking", { key: ({ length, window, rank }) => [length, turnOf(window), rank] });
export const busy = collection<Busy>("busy", { key: ({ length, window }) => [length, turnOf(window)] });

/** The medians of a window's intersections, gathered from wherever they were computed. */
const everyMedian = {
  init: (): Median[] => [],
  add(all: Median[], { key, counts }: { readonly key: string; readonly counts: Digest }): Median[] {
    all.push({ intersection: key, median: medianOf(counts) ?? 0 });
    return all;
  },
  merge(all: Median[], others: Median[]): Median[] {
    all.push(...others);
    return all;
  },
  result: (all: Median[]): readonly Median[] => all,
};

/** Made once for all lengths: windows over one stream with the same aggregates share their slices. */
const speeds = { speed: mean((reading: Reading) => reading.speed), readings: count<Reading>() };
const vehicles = { counts: digest((reading: Reading) => reading.vehicles) };

export const city = workflow("city", (flow) => {
  const byIntersection = flow.from(readings, { time: (reading) => reading.time }).keyBy((reading) => reading.intersection);

  for (const length of LENGTHS) {
    byIntersection
      .window(tumbling(length), { early: "500ms" })
      .aggregate(speeds)
      .top(10, (row) => row.speed ?? 0, { per: "window" })
      .map(({ window, rank, key, speed, readings: of }) => ({ length, window, rank, intersection: key, speed: speed ?? 0, readings: of }))
      .to(ranking);

    byIntersection
      .window(tumbling(length), { early: "2s" })
      .aggregate(vehicles)
      .perWindow()
      .aggregate({ all: mergeDigests((row) => row.counts), medians: everyMedian })
      .map(({ window, all, medians }) => {
        const median = medianOf(all) ?? 0;
        const exceeding = medians.filter((one) => one.median > median).sort(byMedian);
        return { length, window, median, intersections: medians.length, exceeding };
      })
      .to(busy);
  }
});

function byMedian(a: Median, b: Median): number {
  return b.median - a.median || (a.intersection < b.intersection ? -1 : 1);
}

/** Windows take turns: each takes the rows of the one before the last, so that a collection never grows. */
function turnOf({ start, end }: Window): number {
  return (start / (end - start)) % 2;
}
