import { collection, type App, type Metrics } from "millrace";

/** Throughput and latency of one workflow over two seconds. */
export interface WorkflowFigures {
  readonly workflow: string;
  /** End of the two seconds, by the machine's clock, epoch ms. */
  readonly at: number;
  /** Atoms that it took in each second. */
  readonly rate: number;
  /** Mean time from when an atom was there until what it caused was committed, ms; null where none came. */
  readonly latency: number | null;
  /** 99 of 100 atoms since the start took at most so long, ms. */
  readonly p99: number;
}

const EVERY = 2000;
/** Five minutes are kept. */
const KEPT = 150;

export const figures = collection<WorkflowFigures>("figures", { key: ({ workflow, at }) => [workflow, Math.floor(at / EVERY) % KEPT] });

/** What each workflow did between two measurements; of a workflow of several stages the latency is that of the slowest. */
export function figuresBetween(before: Totals, now: Totals): WorkflowFigures[] {
  return [...now.workflows].map(([workflow, { atoms, latency, p99 }]) => {
    const then = before.workflows.get(workflow) ?? { atoms: 0, latency: { count: 0, sum: 0 } };
    const count = latency.count - then.latency.count;
    return {
      workflow,
      at: now.at,
      rate: ((atoms - then.atoms) * 1000) / Math.max(1, now.at - before.at),
      latency: count > 0 ? (latency.sum - then.latency.sum) / count : null,
      p99,
    };
  });
}

/** Counters since the start, by workflow. */
export interface Totals {
  readonly at: number;
  readonly workflows: ReadonlyMap<string, { readonly atoms: number; readonly latency: { readonly count: number; readonly sum: number }; readonly p99: number }>;
}

export function totalsOf({ stages }: Pick<Metrics, "stages">, at: number): Totals {
  const workflows = new Map([...Map.groupBy(stages.values(), ({ workflow }) => workflow)].map(([workflow, of]) => {
    const slowest = of.reduce((a, b) => (b.latency.p99 > a.latency.p99 ? b : a));
    return [workflow, { atoms: of.reduce((sum, { atomsRead }) => sum + atomsRead, 0), latency: slowest.latency, p99: slowest.latency.p99 }];
  }));
  return { at, workflows };
}

/** Measures an app every two seconds, into its collection of figures, until it is told to end. */
export function keepFigures(app: App): { end(): Promise<void> } {
  let before: Totals = { at: Date.now(), workflows: new Map() };
  let last = Promise.resolve();
  const measure = async (): Promise<void> => {
    const now = totalsOf(await app.metrics(), Date.now());
    await app.collection(figures).edit(figuresBetween(before, now).map((put) => ({ put })));
    before = now;
  };
  const timer = setInterval(() => {
    last = last.then(measure);
  }, EVERY);
  return {
    end() {
      clearInterval(timer);
      return last;
    },
  };
}
