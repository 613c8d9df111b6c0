import { createReadStream, createWriteStream, existsSync, openSync, writeSync, closeSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { makeOnce, warm } from "../lib/inputs.ts";
import { reportOf, repositoryRoot, runCommand } from "../lib/process.ts";
import { instancesArguments, type Row, type Setting } from "../lib/row.ts";

const WEEK = "traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz";
const READINGS = 827_265;
const WINDOWS = 168;
const OUTPUTS = ["ranking", "busy", "busyExact"] as const;

/** The real week of a city's traffic, or several made of it, by the example that is in this repository. */
export function aarhusRow(name: string, weeks: number): Row {
  let digest: string | undefined;
  return {
    name,
    what: weeks === 1 ? "a real week of city traffic, plain CSV: ranking, busy, busyExact" : `the same with ${weeks} weeks made of it`,
    figures: [
      { name: "atomsPerSecond", unit: "1/s", goal: { atLeast: 500_000 } },
      { name: "cpuSecondsPerMillion", unit: "s" },
      { name: "peakMemoryBytes", unit: "bytes" },
      { name: "startToFirstResultMs", unit: "ms" },
    ],
    async prepare(setting) {
      const path = await inputOf(setting, weeks);
      return `${(weeks * READINGS).toLocaleString("en")} readings, ${((await warm([path])) / 1e6).toFixed(0)} MB`;
    },
    async run(setting) {
      const path = await inputOf(setting, weeks);
      const out = OUTPUTS.map((topic) => join(setting.scratch, `${topic}.ndjson`));
      const ended = await runCommand(setting.nodeOptions, [
        "run",
        join(repositoryRoot, "examples/city-traffic/aarhus.ts"),
        ...["--in", `observations=${path}`, ...OUTPUTS.flatMap((topic, i) => ["--out", `${topic}=${out[i]}`])],
        ...instancesArguments(setting),
        ...["--report", "json"],
      ]);
      const { atomsIn, rows, dead, late, seconds, startToFirstResultMs } = reportOf(ended);
      const windows = WINDOWS * weeks;
      if (atomsIn !== weeks * READINGS || dead + late > 0 || rows["ranking"] !== windows * 10 || rows["busy"] !== windows || rows["busyExact"] !== windows) {
        throw new Error(`${name}: not the answer: ${ended.lines.at(-1)}`);
      }
      const answer = createHash("sha256").update(sorted(out[0] ?? "")).update(sorted(out[2] ?? "")).digest("hex");
      digest ??= answer;
      if (answer !== digest) throw new Error(`${name}: two runs gave different answers`);
      return {
        atomsPerSecond: atomsIn / seconds,
        cpuSecondsPerMillion: (ended.cpuSeconds / atomsIn) * 1e6,
        peakMemoryBytes: ended.peakBytes,
        startToFirstResultMs: startToFirstResultMs ?? Number.NaN,
      };
    },
  };
}

function sorted(path: string): string {
  return readFileSync(path, "utf8").split("\n").sort().join("\n");
}

async function inputOf({ inputs, say }: Setting, weeks: number): Promise<string> {
  const week = await makeOnce(inputs, "aarhus-1.csv", say, async (path) => {
    const source = join(resolve(repositoryRoot, process.env["MILLRACE_DATA"] ?? "../shared/data"), WEEK);
    if (!existsSync(source)) throw new Error(`real data is missing: ${WEEK}; set MILLRACE_DATA to the folder that holds it`);
    await pipeline(createReadStream(source), createGunzip(), createWriteStream(path));
  });
  if (weeks === 1) return week;
  return makeOnce(inputs, `aarhus-${weeks}.csv`, say, (path) => repeatWeek(week, path, weeks));
}

const WEEK_MILLISECONDS = 7 * 24 * 3600 * 1000;
const TIME_COLUMN = 5;
const ID_COLUMN = 7;

/** The same week again and again, each a week later and with identities of its own. */
function repeatWeek(week: string, path: string, weeks: number): void {
  const [header = "", ...lines] = readFileSync(week, "latin1").trimEnd().split(/\r?\n/);
  const file = openSync(path, "w");
  try {
    writeSync(file, `${header}\n`);
    for (let n = 0; n < weeks; n++) {
      const times = new Map<string, string>();
      let block: string[] = [];
      for (const line of lines) {
        const columns = line.split(",");
        const time = columns[TIME_COLUMN] ?? "";
        let moved = times.get(time);
        if (moved === undefined) times.set(time, (moved = new Date(Date.parse(`${time}Z`) + n * WEEK_MILLISECONDS).toISOString().slice(0, 19)));
        columns[TIME_COLUMN] = moved;
        columns[ID_COLUMN] = String(Number(columns[ID_COLUMN]) + n * 10_000_000);
        if (block.push(columns.join(",")) === 10_000) {
          writeSync(file, `${block.join("\n")}\n`);
          block = [];
        }
      }
      if (block.length > 0) writeSync(file, `${block.join("\n")}\n`);
    }
  } finally {
    closeSync(file);
  }
}
