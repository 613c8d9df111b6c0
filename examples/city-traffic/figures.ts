import type { App } from "millrace";
import type { View } from "./view.ts";

export interface Figures extends Pick<View, "readings" | "rate" | "late" | "dead"> {
  /** Event time up to which the city was simulated. */
  readonly simulated: number;
}

export interface Measuring {
  now(): Figures;
  /** Resolves when all workflows have come to the end of the city's time. */
  readonly ended: Promise<void>;
  /** Measures once more, over all the time, and no more. */
  end(): Promise<void>;
}

/** Counters of the app, asked for once a second. */
export async function measure(app: App): Promise<Measuring> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let figures: Figures = { readings: 0, rate: 0, late: 0, dead: 0, simulated: -Infinity };
  const begun = { readings: 0, at: performance.now() };
  let before = begun;
  const ask = async (since: typeof before): Promise<void> => {
    const { atomsOut, late, dead, stages } = await app.metrics();
    const simulated = Math.min(...[...stages.values()].filter(({ workflow }) => workflow === "simulation").map(({ watermark }) => watermark));
    const at = performance.now();
    const rate = at - since.at < SHORTEST ? figures.rate : ((atomsOut - since.readings) * 1000) / (at - since.at);
    figures = { readings: atomsOut, rate, late, dead, simulated };
    before = { readings: atomsOut, at };
    if ([...stages.values()].every(({ watermark }) => watermark === Infinity)) end();
  };
  await ask(begun);
  const timer = setInterval(() => void ask(before), 1000);
  return {
    now: () => figures,
    ended,
    end() {
      clearInterval(timer);
      return ask(begun);
    },
  };
}

/** No rate is told of less than this, ms. */
const SHORTEST = 100;
