import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repositoryRoot, startNode } from "../lib/process.ts";
import type { Row, Setting } from "../lib/row.ts";

const CONNECTIONS = 4;
const BATCH = 1000;

/** Atoms over HTTP into a workflow that keeps up; `processes/ingest-client.ts` sends them. */
export const ingestRow: Row = {
  name: "ingest-http",
  what: `NDJSON posted in batches of ${BATCH.toLocaleString("en")} over ${CONNECTIONS} connections to millrace dev, each acknowledged once durable; a mean per key behind it; client on the same cores`,
  figures: [
    { name: "atomsPerSecond", unit: "1/s", goal: { atLeast: 100_000 } },
    { name: "p50", unit: "ms" },
    { name: "p99", unit: "ms" },
    { name: "serverCpuSecondsPerMillion", unit: "s" },
    { name: "clientCpuSecondsPerMillion", unit: "s" },
    { name: "refused", unit: "rows" },
    { name: "peakMemoryBytes", unit: "bytes" },
  ],
  prepare: (setting) => Promise.resolve(`${secondsOf(setting)} s of 115-byte events, 10,000 keys`),
  async run(setting) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const command = join(repositoryRoot, "packages/cli/bin/millrace.js");
    const server = startNode(setting.nodeOptions, [command, "dev", join(repositoryRoot, "bench/workflows/mean.ts"), "--port", String(port), "--data", setting.scratch, "--log", "silent"]);
    try {
      await until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200);
      const script = fileURLToPath(new URL("../processes/ingest-client.ts", import.meta.url));
      const client = await startNode([], [script, `${url}/v1/topics/events/atoms`, String(CONNECTIONS), String(BATCH), String(secondsOf(setting))]).ended;
      const { atoms, refused, seconds, p50, p99 } = JSON.parse(client.lines.at(-1) ?? "{}") as Readonly<Record<"atoms" | "refused" | "seconds" | "p50" | "p99", number>>;
      // Everything that was acknowledged is there, once, and is read.
      await until(async () => {
        const { partitions } = (await (await fetch(`${url}/v1/topics/events`)).json()) as { readonly partitions: readonly { readonly end: number }[] };
        if (partitions[0]?.end !== atoms) throw new Error(`${atoms} atoms were acknowledged and ${partitions[0]?.end} are there`);
        const { atomsIn, dead } = (await (await fetch(`${url}/v1/metrics`)).json()) as { readonly atomsIn: number; readonly dead: number };
        if (dead > 0) throw new Error(`${dead} dead letters`);
        return atomsIn === atoms;
      });
      server.kill("SIGINT");
      const { cpuSeconds, peakBytes } = await server.ended;
      return {
        atomsPerSecond: atoms / seconds,
        p50,
        p99,
        serverCpuSecondsPerMillion: (cpuSeconds / atoms) * 1e6,
        clientCpuSecondsPerMillion: (client.cpuSeconds / atoms) * 1e6,
        refused,
        peakMemoryBytes: peakBytes,
      };
    } finally {
      server.kill("SIGKILL");
    }
  },
};

function secondsOf({ quick }: Setting): number {
  return quick ? 5 : 20;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await done()); waited += 50) {
    if (waited > 60_000) throw new Error("it was not ready within a minute");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
