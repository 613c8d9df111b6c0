import { fileURLToPath } from "node:url";
import { startNode } from "../lib/process.ts";
import type { Row, Setting } from "../lib/row.ts";

const RATE = 50_000;

/** End-to-end latency at a steady rate; `processes/latency.ts` says how it is taken. */
export const latencyRow: Row = {
  name: "latency",
  what: `${RATE.toLocaleString("en")} atoms/s appended from outside, filter, map, running sum per key (10,000) to a collection: from due to seen by a subscriber`,
  figures: [
    { name: "p50", unit: "ms" },
    { name: "p99", unit: "ms", goal: { below: 20 } },
    { name: "p999", unit: "ms" },
    { name: "cpuSecondsPerMillion", unit: "s" },
    { name: "peakMemoryBytes", unit: "bytes" },
  ],
  prepare: (setting) => Promise.resolve(`${secondsOf(setting)} s after 5 s of warm-up, 10,000 string keys`),
  async run(setting) {
    const script = fileURLToPath(new URL("../processes/latency.ts", import.meta.url));
    const seconds = secondsOf(setting);
    const ended = await startNode(setting.nodeOptions, [script, setting.scratch, String(RATE), String(seconds), String(setting.instances)]).ended;
    const { p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN } = JSON.parse(ended.lines.at(-1) ?? "{}") as Readonly<Record<string, number>>;
    return { p50, p99, p999, cpuSecondsPerMillion: (ended.cpuSeconds / (RATE * (seconds + 5))) * 1e6, peakMemoryBytes: ended.peakBytes };
  },
};

function secondsOf({ quick }: Setting): number {
  return quick ? 5 : 20;
}
