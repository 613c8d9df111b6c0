/**
 * A day of a small city that people change: `edited-day.ts DATA INSTANCES`. Goes on where it was; at the
 * day's end it says what came of it, as JSON. A program of its own, so that a test can kill it.
 */
import { createHash } from "node:crypto";
import { start, type App } from "millrace";
import { cityClock } from "../city-clock.ts";
import { cityMap, sensorsOf } from "../city-map.ts";
import { alarms, busyIntersections, delays, intersections, plans, rankings, readings, repairs, sensors } from "../model.ts";
import { BEGINNING, TICK } from "../simulator.ts";

const HOUR = 3_600_000;
const SEED = 42;
const SIZE = 8;
/** At 10,000 seconds of the city a second: what is edited at the start is there long before it holds. */
const clock = cityClock({ seed: SEED, intersections: SIZE, speed: 10_000, ticks: (24 * HOUR) / TICK });

const [data = "", instances = "1"] = process.argv.slice(2);
const app = await start(new URL("../city.ts", import.meta.url), { data, inputs: { ticks: clock }, instances: Number(instances) });
if (app.collection(repairs).version === 0) await change(app);
await Promise.race([app.finished, dayEnded(app)]);
console.log(JSON.stringify(await outcome(app)));
await app.stop();
// A worker thread must not keep a day that has ended.
process.exit();

/** What people do that day, known from its beginning. The repairs come last: once they are there, all of it is. */
async function change(city: App): Promise<void> {
  const map = city.collection(intersections);
  const equipment = city.collection(sensors);
  // They change what is there, so it has to be laid out.
  while (map.rows().length < SIZE || equipment.rows().length < 4 * SIZE) await new Promise((resolve) => setTimeout(resolve, 5));
  const laidOut = cityMap({ seed: SEED, intersections: SIZE });
  const [first, second] = laidOut;
  await map.put({ ...first, id: "Z9", latitude: first.latitude + 0.01 }, { time: BEGINNING + 4 * HOUR });
  await equipment.edit([{ put: { intersection: "Z9", approach: "north" } }, { put: { intersection: "Z9", approach: "east" } }], { time: BEGINNING + 4 * HOUR });
  await equipment.delete([second.id, "west"], { time: BEGINNING + 6 * HOUR });
  await map.put({ ...second, lostTime: 16 }, { time: BEGINNING + 8 * HOUR });
  await map.delete(first.id, { time: BEGINNING + 10 * HOUR });
  const lights = laidOut.flatMap(sensorsOf);
  await city.collection(repairs).edit(lights.map((light) => ({ put: { ...light, lamp: "red" } })), { time: BEGINNING + 18 * HOUR });
}

/** Time has come to its end in all workflows. */
async function dayEnded(city: App): Promise<void> {
  for (;;) {
    const { stages } = await city.metrics();
    if ([...stages.values()].every(({ watermark }) => watermark === Infinity)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function outcome(of: App): Promise<unknown> {
  const lines: string[] = [];
  for await (const reading of of.topic(readings).read()) lines.push(JSON.stringify(reading));
  const hash = createHash("sha256");
  for (const line of lines.sort()) hash.update(line);
  return {
    readings: lines.length,
    hash: hash.digest("hex"),
    rankings: of.collection(rankings).rows(),
    busy: of.collection(busyIntersections).rows(),
    plans: of.collection(plans).rows(),
    delays: of.collection(delays).rows(),
    alarms: of.collection(alarms).rows(),
    intersections: of.collection(intersections).rows(),
    sensors: of.collection(sensors).rows(),
  };
}
