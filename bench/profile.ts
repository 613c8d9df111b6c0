/**
 * Runs one row once under `node --cpu-prof` and prints the functions that took most time themselves,
 * thread by thread: `npm run bench:profile -- aarhus-csv --instances 2 --top 25`. Options: --quick,
 * --inputs DIR, --keep DIR (leaves the profiles there, for a browser's developer tools).
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readProfiles } from "./lib/profiles.ts";
import type { Setting } from "./lib/row.ts";
import { rows } from "./rows/index.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    instances: { type: "string", default: "0" },
    inputs: { type: "string", default: join(tmpdir(), "millrace-bench-inputs") },
    top: { type: "string", default: "20" },
    keep: { type: "string" },
  },
});
const row = rows.find(({ name }) => name === positionals[0]);
if (row === undefined) {
  console.error(`name a row: ${rows.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), "millrace-profile-"));
const profiles = options.keep ?? join(scratch, "profiles");
mkdirSync(profiles, { recursive: true });
try {
  const setting: Setting = {
    quick: options.quick,
    instances: Number(options.instances),
    inputs: options.inputs,
    scratch,
    nodeOptions: ["--cpu-prof", `--cpu-prof-dir=${profiles}`, "--cpu-prof-interval=500"],
    say: (line) => console.error(line),
  };
  console.error(`${row.name}: ${await row.prepare(setting)}`);
  console.log(JSON.stringify(await row.run(setting)));
  for (const { name, seconds, idleSeconds, costs } of readProfiles(profiles)) {
    console.log(`\n${name}: ${seconds.toFixed(2)} s, idle ${idleSeconds.toFixed(2)} s`);
    for (const { place, milliseconds, share } of costs.slice(0, Number(options.top))) {
      console.log(`${milliseconds.toFixed(0).padStart(7)} ms ${(share * 100).toFixed(1).padStart(5)}%  ${place}`);
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
