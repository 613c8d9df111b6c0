import { Samples } from "../values/samples.ts";
import { get } from "./client.ts";
import { Live } from "./live.ts";
import type { Metrics, StageFigures } from "./types.ts";

/** How often it is asked what is measured, ms. */
const EVERY = 1_000;
/** Five minutes. */
const KEPT = 300;

/** What is measured now, asked once a second while anyone looks. */
export const metricsNow = new Live<Metrics | undefined>(undefined, (live) => {
  let gone = false;
  let next: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    try {
      const metrics = await get<Metrics>("metrics");
      live.set(metrics);
      live.connect("live");
    } catch (error) {
      live.connect({ lost: error instanceof Error ? error.message : String(error), status: 0 });
    }
    if (!gone) next = setTimeout(() => void ask(), EVERY);
  };
  void ask();
  return () => {
    gone = true;
    clearTimeout(next);
  };
});

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
