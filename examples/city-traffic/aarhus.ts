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

/** What a detector says of one window. */
interface Detector {
  readonly key: number;
  readonly median: number;
}

/** The medians of a window's detectors, gathered from wherever they were computed. */
const everyDetector = {
  init: (): Detector[] => [],
  add(all: Detector[], { key, counts }: { readonly key: number; readonly counts: Digest }): Detector[] {
    all.push({ key, median: medianOf(counts) ?? 0 });
    return all;
  },
  merge(all: Detector[], others: Detector[]): Detector[] {
    all.push(...others);
    return all;
  },
  result: (all: Detector[]): readonly Detector[] => all,
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
    .map(({ window, ...row }) => ({ window: iso(window), rank: row.rank, key: row.key, value: row.value, count: row.count }))
    .to(ranking);

  for (const [target, exact] of [[busy, false], [busyExact, true]] as const) {
    readings
      .aggregate({ counts: digest((o) => o.vehicleCount, { exact }) })
      .perWindow()
      .aggregate({ all: mergeDigests((row) => row.counts), detectors: everyDetector })
      .map(({ window, all, detectors }) => {
        const globalMedian = medianOf(all) ?? 0;
        const exceeding = detectors.filter(({ median }) => median > globalMedian).map(({ key }) => key);
        return { window: iso(window), globalMedian, detectors: detectors.length, exceeding: exceeding.sort((a, b) => a - b) };
      })
      .to(target);
  }
});

function iso(window: Window): IsoWindow {
  return { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() };
}
