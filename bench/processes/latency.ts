/**
 * An open loop: readings are due at a fixed rate, whatever the engine does, and are appended from
 * outside about every two milliseconds. A reading's latency is from when it was due until a subscriber
 * of the collection sees a total that has it; so a pause delays all that were due in it (no coordinated
 * omission). Arguments: data folder, rate, seconds, worker threads (0: none). Prints one line of JSON.
 */
import { fileURLToPath } from "node:url";
import { start } from "millrace";
import { readings, totals } from "../workflows/running.ts";

const [data = "", rateText = "50000", secondsText = "20", instances = "0"] = process.argv.slice(2);
const rate = Number(rateText);
const WARM_UP_SECONDS = 5;
const SENSORS = 10_000;
const EVERY_MILLISECONDS = 2;
const count = rate * (WARM_UP_SECONDS + Number(secondsText));

const names = Array.from({ length: SENSORS }, (_, i) => `sensor-${String(i).padStart(5, "0")}`);
/** Of each sensor, the oldest reading that was not seen; of each reading, its sensor's next one. */
const oldest = new Int32Array(SENSORS).fill(-1);
const newest = new Int32Array(SENSORS).fill(-1);
const next = new Int32Array(count).fill(-1);
const seen = new Float64Array(SENSORS);
const latencies = new Float64Array(count).fill(Number.NaN);
let visible = 0;

const app = await start(fileURLToPath(new URL("../workflows/running.ts", import.meta.url)), { data, ...(instances === "0" ? {} : { instances: Number(instances) }) });
const begun = performance.now() + 100;
const dueAt = (reading: number): number => begun + (reading / rate) * 1000;

const done = Promise.withResolvers<void>();
app.collection(totals).subscribe((changes) => {
  const now = performance.now();
  for (const { row } of changes) {
    if (row === undefined) continue;
    const sensor = Number(row.sensor.slice(-5));
    for (; seen[sensor] < row.count; seen[sensor]++) {
      const reading = oldest[sensor];
      latencies[reading] = now - dueAt(reading);
      oldest[sensor] = next[reading];
      visible++;
    }
  }
  if (visible === count) done.resolve();
});

let given = 0;
let state = 20_260_101;
const input = app.topic(readings);
const appended: Promise<void>[] = [];
const tick = (): void => {
  const due = Math.min(count, Math.floor(((performance.now() - begun) / 1000) * rate) + 1);
  if (due > given) {
    const at = Date.now();
    const batch = [];
    for (; given < due; given++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const sensor = (state >>> 0) % SENSORS;
      if (oldest[sensor] < 0) oldest[sensor] = given;
      else next[newest[sensor]] = given;
      newest[sensor] = given;
      batch.push({ sensor: names[sensor], value: given % 100, at });
    }
    appended.push(input.append(batch));
  }
  if (given < count) setTimeout(tick, EVERY_MILLISECONDS);
};
setTimeout(tick, begun - performance.now());
const limit = setTimeout(() => done.reject(new Error(`only ${visible} of ${count} readings were seen in time`)), (2 * count * 1000) / rate + 10_000);
await Promise.race([done.promise, app.finished]);
clearTimeout(limit);
await Promise.all(appended);

const measured = latencies.subarray(rate * WARM_UP_SECONDS).toSorted();
const quantile = (q: number): number => measured[Math.min(measured.length - 1, Math.ceil(q * measured.length) - 1)];
const { partitions } = await app.metrics();
let steps = 0;
for (const one of partitions.values()) steps += one.used.invocations;
console.log(JSON.stringify({ p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max: measured.at(-1), steps, appends: appended.length }));
await app.stop();
process.exit(0);
