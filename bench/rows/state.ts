import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeOnce, putDigits, putTimeOfDay, warm, writeRecords } from "../lib/inputs.ts";
import { reportOf, repositoryRoot, runCommand, startNode, type Running } from "../lib/process.ts";
import { instancesArguments, type Measured, type Row, type Setting } from "../lib/row.ts";

const COUNTS = join(repositoryRoot, "bench/workflows/counts.ts");

/** Ten million keys that come twice, in two orders; half way it is killed, and goes on. */
export const keysRow: Row = {
  name: "keys-10m",
  what: "count per key in one long window, 10 million string keys that come twice",
  figures: [
    { name: "atomsPerSecond", unit: "1/s" },
    { name: "cpuSecondsPerMillion", unit: "s" },
    { name: "peakMemoryBytes", unit: "bytes" },
    { name: "dataBytes", unit: "bytes" },
    { name: "resumeMs", unit: "ms" },
    { name: "resumePeakBytes", unit: "bytes" },
  ],
  async prepare(setting) {
    const path = await visitsFile(setting);
    return `${(2 * keysOf(setting)).toLocaleString("en")} visits, ${((await warm([path])) / 1e9).toFixed(2)} GB`;
  },
  async run(setting) {
    const { scratch, nodeOptions } = setting;
    const path = await visitsFile(setting);
    const keys = keysOf(setting);
    const ended = await runCommand(nodeOptions, [
      ...["run", COUNTS, "--in", `visits=${path}`, "--out", `counts=${join(scratch, "counts.ndjson")}`],
      ...instancesArguments(setting),
      ...["--report", "json"],
    ]);
    const { atomsIn, rows, dead, late, seconds } = reportOf(ended);
    if (atomsIn !== 2 * keys || dead + late > 0 || rows["counts"] !== keys) throw new Error(`keys: not the answer: ${ended.lines.at(-1)}`);
    return {
      atomsPerSecond: atomsIn / seconds,
      cpuSecondsPerMillion: (ended.cpuSeconds / atomsIn) * 1e6,
      peakMemoryBytes: ended.peakBytes,
      ...(await killAndResume(setting, path, keys)),
    };
  },
};

/** Kills a run when all keys have come once; measures from the new process' start to its first step. */
async function killAndResume(setting: Setting, path: string, keys: number): Promise<Measured> {
  const data = join(setting.scratch, "data");
  const session = (): Running => {
    const script = fileURLToPath(new URL("../processes/session.ts", import.meta.url));
    return startNode([], [script, COUNTS, "visits", path, data, String(setting.instances)]);
  };
  const first = session();
  await first.line((line) => {
    const { what, atomsIn } = JSON.parse(line) as Said;
    return what === "atoms" && (atomsIn ?? 0) > keys ? true : undefined;
  });
  first.kill("SIGKILL");
  await first.ended;
  const dataBytes = sizeOf(data);
  const again = session();
  const resumeMs = await again.line((line) => {
    const { what, ms } = JSON.parse(line) as Said;
    return what === "step" ? ms : undefined;
  });
  const { lines, peakBytes } = await again.ended;
  const last = JSON.parse(lines.at(-1) ?? "{}") as Said;
  if (last.what !== "done" || !((last.atomsIn ?? Infinity) < keys)) throw new Error(`keys: a resumed run began again: ${lines.at(-1)}`);
  rmSync(data, { recursive: true, force: true });
  return { dataBytes, resumeMs, resumePeakBytes: peakBytes };
}

interface Said {
  readonly what: string;
  readonly ms: number;
  readonly atomsIn?: number;
}

/** From the start of a process over a folder with 1 GB of state to the first result of what is appended then. */
export const restartRow: Row = {
  name: "restart",
  what: "start with 1 GB of state (a million keys of 1 kB): from start() to the first result of a new atom",
  figures: [
    { name: "firstResultMs", unit: "ms", goal: { below: 1000 } },
    { name: "openMs", unit: "ms" },
    { name: "peakMemoryBytes", unit: "bytes" },
    { name: "dataBytes", unit: "bytes" },
    { name: "fillSeconds", unit: "s" },
  ],
  easierWhenQuick: true,
  prepare: (setting) => Promise.resolve(`${statesOf(setting).toLocaleString("en")} keys of 1 kB`),
  async run({ quick, scratch, instances, nodeOptions }) {
    const script = fileURLToPath(new URL("../processes/many-states.ts", import.meta.url));
    const filled = await startNode([], [script, scratch, String(instances), String(quick ? 100_000 : 1_000_000)]).ended;
    const dataBytes = sizeOf(scratch);
    const ended = await startNode(nodeOptions, [script, scratch, String(instances)]).ended;
    const { open, first } = JSON.parse(ended.lines.at(-1) ?? "{}") as { readonly open: number; readonly first: number };
    return { firstResultMs: first, openMs: open, peakMemoryBytes: ended.peakBytes, dataBytes, fillSeconds: filled.wallSeconds };
  },
};

/** How long the first atom after a rest takes; `processes/wake.ts` says how it is taken. */
export const wakeRow: Row = {
  name: "wake",
  what: "from an atom's append at zero instances to its row in a collection: with the spare thread that is kept, and with a thread that must be started",
  figures: [
    { name: "spareMs", unit: "ms", goal: { below: 50 } },
    { name: "spareMostMs", unit: "ms" },
    { name: "newThreadMs", unit: "ms" },
    { name: "newThreadMostMs", unit: "ms" },
    { name: "cpuShareAtRest", unit: "share" },
  ],
  prepare: ({ quick }) => Promise.resolve(`${wakesOf(quick)} times each, a worker thread, 1,000 keys of state`),
  async run({ quick, scratch, nodeOptions }) {
    const script = fileURLToPath(new URL("../processes/wake.ts", import.meta.url));
    const { lines } = await startNode(nodeOptions, [script, scratch, String(wakesOf(quick))]).ended;
    return JSON.parse(lines.at(-1) ?? "{}") as Measured;
  },
};

function wakesOf(quick: boolean): number {
  return quick ? 10 : 40;
}

function keysOf({ quick }: Setting): number {
  return quick ? 1_000_000 : 10_000_000;
}

function statesOf({ quick }: Setting): number {
  return quick ? 100_000 : 1_000_000;
}

const VISIT = '{"user":"user-00000000","at":"2026-01-01T00:00:00.000Z"}';
const AT = { user: VISIT.indexOf("00000000"), time: VISIT.indexOf("T00:") + 1 };

/** Every key once, then every key once again: two permutations, by factors that share none with ten million. */
function visitsFile(setting: Setting): Promise<string> {
  const keys = keysOf(setting);
  return makeOnce(setting.inputs, `visits-${keys}.ndjson`, setting.say, (path) => {
    writeRecords(path, VISIT, 2 * keys, (bytes, at, record) => {
      putDigits(bytes, at + AT.user, 8, (record * (record < keys ? 7_919 : 104_729)) % keys);
      putTimeOfDay(bytes, at + AT.time, Math.floor(record / 1000));
    });
  });
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
