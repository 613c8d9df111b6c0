/** Writes sample.csv: a morning of eight made-up detectors, in the columns of the city's feed. The same each time. */
import { writeFileSync } from "node:fs";

const START = Date.UTC(2024, 4, 6, 6);
const SLOTS = 62;
const FREE_FLOW = [112, 96, 84, 71, 63, 58, 49, 41];
let seed = 20240506;

const rows: { readonly arrives: number; readonly line: string }[] = [];
for (let slot = 0; slot < SLOTS; slot++) {
  for (const [detector, free] of FREE_FLOW.entries()) {
    const time = START + slot * 5 * 60_000;
    const rush = Math.exp(-(((slot - 24) / 9) ** 2));
    const speed = Math.round(free * (1 - 0.5 * rush) + 6 * (random() - 0.5));
    const vehicles = Math.round((2 + 14 * rush) * (0.4 + random()) * (1 - detector / 12));
    const iso = new Date(time).toISOString().slice(0, 19);
    // One reading in twenty comes up to 15 minutes late.
    const delay = random() < 0.05 ? Math.ceil(3 * random()) : 0;
    rows.push({ arrives: slot + delay, line: `OK,${Math.round(36_000 / speed)},${speed},${600 + detector},${Math.round(36_000 / speed)},${iso},${vehicles},${1000 + rows.length},${150_000 + 31 * detector}` });
  }
}
const lines = rows.sort((a, b) => a.arrives - b.arrives).map(({ line }) => line);
const header = "status,avgMeasuredTime,avgSpeed,extID,medianMeasuredTime,TIMESTAMP,vehicleCount,_id,REPORT_ID";
writeFileSync(new URL("sample.csv", import.meta.url), `${[header, ...lines].join("\n")}\n`);

/** Numerical Recipes' linear congruential generator: in [0, 1). */
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
