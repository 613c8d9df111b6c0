import { digest, fields, mean, count, median, medianOf, mergeDigests, topic, tumbling, workflow, type Key, type Window } from "millrace";

/** A reading of the city's feed, every five minutes per detector. */
export const observations = topic("observations", {
  schema: fields({ REPORT_ID: "integer", avgSpeed: "number", vehicleCount: "number", TIMESTAMP: "timestamp", _id: "integer" }),
});

interface IsoWindow {
  readonly start: string;
  readonly end: string;
}

export interface Ranked {
  readonly window: IsoWindow;
  readonly rank: number;
  readonly key: number;
  readonly value: number;
  readonly count: number;
}

export interface Busy {
  readonly window: IsoWindow;
  readonly globalMedian: number;
  readonly detectors: number;
  readonly exceeding: readonly number[];
}

export const ranking = topic<Ranked>("ranking");
export const busy = topic<Busy>("busy");
export const busyExact = topic<Busy>("busyExact");

/** What a detector says of one window. */
interface DetectorCounts {
  readonly key: Key;
  readonly median: number | undefined;
}

/** The medians of a window's detectors, gathered from wherever they were computed. */
const everyDetector = {
  init: (): DetectorCounts[] => [],
  add(all: DetectorCounts[], { key, median }: DetectorCounts): DetectorCounts[] {
    all.push({ key, median });
    return all;
  },
  merge(all: DetectorCounts[], others: DetectorCounts[]): DetectorCounts[] {
    all.push(...others);
    return all;
  },
  result: (all: DetectorCounts[]): readonly DetectorCounts[] => all,
};

export const aarhus = workflow("aarhus", (flow) => {
  const readings = flow
    .from(observations, { time: (o) => o.TIMESTAMP, outOfOrderness: "20m" })
    .distinct((o) => o._id)
    .keyBy((o) => o.REPORT_ID)
    .window(tumbling("1h"));

  readings
    .aggregate({ value: mean((o) => o.avgSpeed), count: count() })
    .top(10, (row) => row.value, { per: "window" })
    .map(({ window, rank, key, value, count }) => ({ window: iso(window), rank, key, value, count }))
    .to(ranking);

  for (const [target, exact] of [[busy, false], [busyExact, true]] as const) {
    readings
      .aggregate({ median: median((o) => o.vehicleCount, { exact }), counts: digest((o) => o.vehicleCount, { exact }) })
      .perWindow()
      .aggregate({ all: mergeDigests((row) => row.counts), detectors: everyDetector })
      .map(({ window, all, detectors }) => {
        const globalMedian = medianOf(all) ?? 0;
        const exceeding = detectors.filter((one) => (one.median ?? 0) > globalMedian).map((one) => Number(one.key));
        return { window: iso(window), globalMedian, detectors: detectors.length, exceeding: exceeding.sort((a, b) => a - b) };
      })
      .to(target);
  }
});

function iso(window: Window): IsoWindow {
  return { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() };
}
