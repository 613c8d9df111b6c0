/**
 * Measures the first result from zero instances: a workflow of which nothing runs gets an atom, and the
 * time counts from its append until a subscriber of the collection sees its row. First with the spare
 * thread, then without. Then how much processor time the resting process takes. Arguments: data folder,
 * times. Prints one line of JSON, in ms.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { start, type App } from "millrace";
import { readings, totals } from "../workflows/running.ts";

const [data = "", times = "10"] = process.argv.slice(2);
const KEYS = 1000;
const REST_MILLISECONDS = 5000;

async function begin(spare: boolean): Promise<App> {
  const app = await start(fileURLToPath(new URL("../workflows/running.ts", import.meta.url)), {
    data: join(data, spare ? "spare" : "new"),
    instances: { max: 1, idleAfter: "200ms", spare },
  });
  await app.topic(readings).append(Array.from({ length: KEYS }, (_, i) => ({ sensor: `sensor ${i}`, value: 1, at: Date.now() })));
  await atRest(app);
  return app;
}

async function atRest(app: App): Promise<void> {
  while ((await app.metrics()).instances > 0 || app.collection(totals).rows().length < KEYS) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Waits of all rounds, ascending. */
async function wakes(app: App): Promise<readonly number[]> {
  const waits: number[] = [];
  for (let round = 0; round < Number(times); round++) {
    await atRest(app);
    const seen = Promise.withResolvers<number>();
    const end = app.collection(totals).subscribe(() => seen.resolve(performance.now()));
    const begun = performance.now();
    await app.topic(readings).append([{ sensor: `sensor ${round}`, value: 1, at: Date.now() }]);
    waits.push((await Promise.race([seen.promise, app.finished.then(() => Number.NaN)])) - begun);
    end();
  }
  return waits.sort((a, b) => a - b);
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

const kept = await begin(true);
const withSpare = await wakes(kept);
await atRest(kept);
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS));
const { user, system } = process.cpuUsage(before);
await kept.stop();
const renewed = await begin(false);
const without = await wakes(renewed);
await renewed.stop();
console.log(
  JSON.stringify({
    spareMs: median(withSpare),
    spareMostMs: withSpare.at(-1),
    newThreadMs: median(without),
    newThreadMostMs: without.at(-1),
    cpuShareAtRest: (user + system) / 1000 / REST_MILLISECONDS,
  }),
);
process.exit(0);
