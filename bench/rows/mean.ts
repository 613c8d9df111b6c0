import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EVENT_BYTES, EVENTS_PER_FILE, eventFiles, SENSORS, windowsOf } from "../lib/events.ts";
import { warm } from "../lib/inputs.ts";
import { reportOf, repositoryRoot, runCommand } from "../lib/process.ts";
import { instancesArguments, type Measured, type Row, type Setting } from "../lib/row.ts";

const WINDOW_SECONDS = 10;
/** 108 million events, so that a run takes a minute or more. */
const LONG_FILES = 12;

/** A window mean over 10,000 keys, for a minute or more; with `--quick` 9 million events. */
export const meanRow: Row = {
  name: "mean-ndjson",
  what: "mean per key and 10 s window over 10,000 string keys, NDJSON in the page cache",
  figures: [
    { name: "atomsPerSecond", unit: "1/s", goal: { atLeast: 1_000_000 } },
    { name: "cpuSecondsPerMillion", unit: "s" },
    { name: "peakMemoryBytes", unit: "bytes" },
    { name: "startToFirstResultMs", unit: "ms" },
  ],
  prepare: (setting) => describe(setting, filesOf(setting)),
  run: (setting) => runMean(setting, filesOf(setting)),
};

/** The same over 1 GB, whose peak memory is looked at. */
export const memoryRow: Row = {
  name: "memory-1gb",
  what: "the same over 1 GB of NDJSON: peak resident memory",
  figures: [
    { name: "peakMemoryBytes", unit: "bytes", goal: { below: 300e6 } },
    { name: "atomsPerSecond", unit: "1/s" },
  ],
  prepare: (setting) => describe(setting, 1),
  run: (setting) => runMean(setting, 1),
};

function filesOf({ quick }: Setting): number {
  return quick ? 1 : LONG_FILES;
}

async function describe({ inputs, say }: Setting, files: number): Promise<string> {
  const paths = await eventFiles(inputs, files, say);
  return `${(files * EVENTS_PER_FILE).toLocaleString("en")} events of ${EVENT_BYTES} bytes, ${((await warm(paths)) / 1e9).toFixed(2)} GB`;
}

async function runMean(setting: Setting, files: number): Promise<Measured> {
  const { inputs, nodeOptions, scratch, say } = setting;
  const paths = await eventFiles(inputs, files, say);
  const [first = ""] = paths;
  const input = files === 1 ? first : first.replace("-00.", `-{${paths.map((path) => path.slice(-"00.ndjson".length, -".ndjson".length)).join(",")}}.`);
  const ended = await runCommand(nodeOptions, [
    "run",
    join(repositoryRoot, "bench/workflows/mean.ts"),
    ...["--in", `events=${input}`, "--out", `means=${join(scratch, "means.ndjson")}`],
    ...instancesArguments(setting),
    ...["--report", "json"],
  ]);
  const { atomsIn, rows, dead, late, seconds, startToFirstResultMs } = reportOf(ended);
  if (atomsIn !== files * EVENTS_PER_FILE || dead + late > 0 || rows["means"] !== windowsOf(files, WINDOW_SECONDS) * SENSORS) {
    throw new Error(`mean: not the answer (${readdirSync(scratch).join(", ")}): ${ended.lines.at(-1)}`);
  }
  return {
    atomsPerSecond: atomsIn / seconds,
    cpuSecondsPerMillion: (ended.cpuSeconds / atomsIn) * 1e6,
    peakMemoryBytes: ended.peakBytes,
    startToFirstResultMs: startToFirstResultMs ?? Number.NaN,
  };
}
