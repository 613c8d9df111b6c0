/** `npm start`: runs the city until Ctrl-C, and shows it in the terminal. Starting again goes on where it was. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { MillraceError, start } from "millrace";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { cityClock } from "./city-clock.ts";
import { alarms, busyIntersections, delays, rankings } from "./model.ts";
import { measure } from "./figures.ts";
import { HELP, parseOptions, type Options } from "./options.ts";
import { BEGINNING, TICK, timeOf } from "./simulator.ts";
import { display } from "./terminal.ts";
import { clock, type View } from "./view.ts";
import { figures, keepFigures } from "./workflow-figures.ts";

/** Seconds of the city a second: ticks that come faster than they can be simulated would wait in memory. */
const FASTEST = 10_000;

/** What a data folder that cannot be gone on with is refused by. */
const UNUSABLE: ReadonlySet<string> = new Set(["MILLRACE_STATE_MISMATCH", "MILLRACE_STORE_CORRUPT"]);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await run(options);
} catch (error) {
  console.error(explain(error));
  process.exitCode = error instanceof MillraceError && error.code === "MILLRACE_USAGE" ? 2 : 1;
}
// A worker thread or a terminal's listener must not keep a city that has stopped.
process.exit();

async function run(options: Options): Promise<void> {
  const { intersections, seed, speed, data, hours } = options;
  const threads = options.instances === undefined ? {} : { instances: options.instances };
  if (options.fresh) await empty(data);
  const shownData = relative(process.cwd(), data) || data;
  const ticks = Math.round((hours * 3_600_000) / TICK);
  const cityTime = cityClock({ seed, intersections, speed: Math.min(speed, FASTEST), ticks });
  let tick: number | undefined;
  const source = {
    ...cityTime,
    chunk(index: number) {
      if (index < ticks) tick = index;
      return cityTime.chunk(index);
    },
  };
  const resumed = isDataFolder(data);
  const app = await start(new URL("./city.ts", import.meta.url), { data, inputs: { ticks: source }, ...threads, collections: [figures] });
  console.log(`${resumed ? "Going on with" : "Beginning"} a city of ${intersections} intersections (seed ${seed}). Data: ${shownData}`);
  const counters = await measure(app);
  const kept = keepFigures(app);
  // The clock may be ahead of the city.
  const cityNow = (): number | undefined => (tick === undefined ? undefined : Math.max(BEGINNING, Math.min(timeOf(tick), counters.now().simulated)));
  const view = (): View => ({
    time: cityNow(),
    intersections,
    speed,
    ...counters.now(),
    data: shownData,
    ranking: app.collection(rankings).rows(),
    busy: app.collection(busyIntersections).rows(),
    delays: app.collection(delays).rows(),
    alarms: app.collection(alarms).rows(),
  });
  const shown = display(process.stdout, view);
  let ended = false;
  try {
    ended = await Promise.race([app.finished.then(() => true), counters.ended.then(() => true), asked(options.seconds).then(() => false)]);
  } finally {
    await counters.end();
    await kept.end();
    await app.stop();
    shown.end();
  }
  const now = cityNow();
  const at = now === undefined ? "" : ` at ${clock(now)}, the city's time`;
  console.log(`${ended ? "The city has come to its end" : "Stopped"}${at}. Data: ${shownData}`);
  console.log(ended ? "npm start -- --fresh begins anew." : "npm start goes on from there; npm start -- --fresh begins anew.");
}

/** Resolves at Ctrl-C, at SIGTERM, or after so many seconds. A second Ctrl-C does not wait. */
function asked(seconds: number): Promise<void> {
  const { promise, resolve: stop } = Promise.withResolvers<void>();
  if (seconds < Infinity) setTimeout(stop, seconds * 1000);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stop();
      process.once(signal, () => process.exit(1));
    });
  }
  return promise;
}

/** Removes the data folder, unless a city runs in it or it is something else. */
async function empty(data: string): Promise<void> {
  if (!existsSync(data)) return;
  if (readdirSync(data).length > 0 && !isDataFolder(data)) {
    throw new MillraceError("MILLRACE_USAGE", `--fresh, folder ${data}`, "is no data folder of a city; it was left as it is");
  }
  try {
    await (await openEmbeddedLedger({ directory: data })).close();
  } catch (error) {
    // What is damaged may go, what is in use may not.
    if (error instanceof MillraceError && error.code === "MILLRACE_STORE_LOCKED") throw error;
  }
  rmSync(data, { recursive: true, force: true });
}

function isDataFolder(folder: string): boolean {
  return existsSync(join(folder, "format.json"));
}

function explain(error: unknown): string {
  if (!(error instanceof MillraceError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const remedy = UNUSABLE.has(error.code) ? "\nnpm start -- --fresh, with the same options, begins anew." : "";
  return `${error.message} [${error.code}]${remedy}`;
}
