import { Samples } from "../values/samples.ts";
import { listen } from "./events.ts";
import { Live } from "./live.ts";
import type { Metrics, StageFigures } from "./types.ts";

/** Five minutes, a sample a second. */
const KEPT = 300;

/** What is measured now, told once a second while anyone looks. */
export const metricsNow = new Live<Metrics | undefined>(undefined, (live) =>
  listen(
    "metrics/events",
    ({ data }) => live.set(data as Metrics),
    (connection) => live.connect(connection),
  ),
);

/** The measures of each workflow over the last minutes; series are named `workflow measure`. */
export const measured = new Live<Samples>(new Samples(KEPT), (live) => {
  let samples = new Samples(KEPT);
  let latest: Metrics | undefined;
  return metricsNow.look(() => {
    const metrics = metricsNow.value();
    live.connect(metricsNow.connection());
    if (metrics === undefined || metrics === latest) return;
    latest = metrics;
    samples = samples.with(metrics.time, measuresOf(metrics.stages));
    live.set(samples);
  });
});

/** Of each workflow: what its source stages take in, its slowest stage, what waits, and how far event time is behind. */
export function measuresOf(stages: readonly StageFigures[]): ReadonlyMap<string, number | null> {
  const measures = new Map<string, number | null>();
  const add = (name: string, value: number | null, join: (a: number, b: number) => number): void => {
    const before = measures.get(name) ?? null;
    measures.set(name, value === null ? before : before === null ? value : join(before, value));
  };
  for (const stage of stages) {
    const { workflow, atomsRead, rate, latency, backlog, watermarkLag } = stage;
    if (atomsRead > 0) add(`${workflow} rate`, rate, (a, b) => a + b);
    add(`${workflow} latency`, latency.count === 0 ? null : latency.p99, (a, b) => a + b);
    add(`${workflow} backlog`, backlog.atoms, (a, b) => a + b);
    add(`${workflow} watermarkLag`, watermarkLag === null ? null : watermarkLag / 1000, Math.max);
  }
  return measures;
}
