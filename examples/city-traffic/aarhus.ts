import { digest, fields, mean, count, medianOf, mergeDigests, topic, tumbling, workflow, type Digest, type Window } from "millrace";

/** A reading of the city's feed, every five minutes per detector. */
export const observations = topic("observations", {
  schema: fields({ REPORT_ID: "integer", avgSpeed: "number", vehicleCount: "number", TIMESTAMP: "timestamp", _id: "integer" }),
});

/** Without --in, a small sample that was made up. */
export const sources = { observations: "sample.csv" };

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

/** What a detector counted in one window, as a t-digest and exactly. */
interface DetectorCounts {
  readonly key: number;
  readonly digest: Digest;
  readonly exact: Digest;
}

interface DetectorMedian {
  readonly key: number;
  readonly median: number;
}

/** The medians of a window's detectors, gathered from wherever they were computed. */
function everyMedian(counts: "digest" | "exact") {
  return {
    init: (): DetectorMedian[] => [],
    add(all: DetectorMedian[], detector: DetectorCounts): DetectorMedian[] {
      all.push({ key: detector.key, median: medianOf(detector[counts]) ?? 0 });
      return all;
    },
    merge(all: DetectorMedian[], others: DetectorMedian[]): DetectorMedian[] {
      all.push(...others);
      return all;
    },
    result: (all: DetectorMedian[]): readonly DetectorMedian[] => all,
  };
}

export const aarhus = workflow("aarhus", (flow) => {
  const readings = flow
    .from(observations, { time: (o) => o.TIMESTAMP, outOfOrderness: "20m" })
    .distinct((o) => o._id)
    .keyBy((o) => o.REPORT_ID)
    .window(tumbling("1h"));

  readings
    .aggregate({ value: mean((o) => o.avgSpeed), count: count() })
    .top(10, (row) => row.value, { per: "window" })
    .map(({ window, ...row }) => ({ window: iso(window), rank: row.rank, key: row.key, value: row.value, count: row.count }))
    .to(ranking);

  const detectors = readings.aggregate({
    digest: digest((o) => o.vehicleCount),
    exact: digest((o) => o.vehicleCount, { exact: true }),
  });
  for (const [target, counts] of [[busy, "digest"], [busyExact, "exact"]] as const) {
    detectors
      .perWindow()
      .aggregate({ all: mergeDigests((row) => row[counts]), medians: everyMedian(counts) })
      .map(({ window, all, medians }) => {
        const globalMedian = medianOf(all) ?? 0;
        const exceeding = medians.filter(({ median }) => median > globalMedian).map(({ key }) => key);
        return { window: iso(window), globalMedian, detectors: medians.length, exceeding: exceeding.sort((a, b) => a - b) };
      })
      .to(target);
  }
});

function iso(window: Window): IsoWindow {
  return { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() };
}
