/**
 * Rates of the file source: `npx --no-install node --conditions=millrace-source bench/micro/files.ts`.
 * The real week is found by MILLRACE_DATA; `--gigabyte` also writes 1 GB of NDJSON to the system's
 * temporary folder and reads it. Peak memory is this process's, so of all that was read before.
 */
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fileSource } from "@millrace/drivers/files";
import { fields } from "@millrace/core";
import { realData } from "../../e2e/support/data.ts";

const ROUNDS = 3;
const CHUNKS = [256, 512, 1024, 2048, 4096].map((kibibytes) => kibibytes * 1024);
const week = realData("traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz");
const readings = fields({ REPORT_ID: "integer", avgSpeed: "number", vehicleCount: "number", TIMESTAMP: "timestamp", _id: "integer" });
const events = fields({ sensor: "string", speed: "number", at: "timestamp", count: "integer", ok: "boolean" });

const results: Record<string, string | number>[] = [];
const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
try {
  if (week.skip === false) {
    const plain = join(folder, "week.csv");
    await pipeline(createReadStream(week.path), createGunzip(), createWriteStream(plain));
    for (const chunkBytes of CHUNKS) await measure("week, plain CSV", plain, readings, chunkBytes);
    for (const chunkBytes of CHUNKS) await measure("week, CSV in gzip", week.path, readings, chunkBytes);
  }
  if (process.argv.includes("--gigabyte")) {
    const path = join(folder, "events.ndjson");
    await writeEvents(path, 1e9);
    await measure("1 GB of NDJSON", path, events, 1024 * 1024);
    await measure("1 GB of NDJSON as objects", path, undefined, 1024 * 1024, 1);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.table(results);

async function measure(what: string, path: string, schema: typeof readings | typeof events | undefined, chunkBytes: number, rounds = ROUNDS): Promise<void> {
  let best = Infinity;
  let rows = 0;
  for (let round = 0; round < rounds; round++) {
    const source = fileSource({ name: "in", path, chunkBytes, ...(schema === undefined ? {} : { schema }) });
    const [split] = await source.splits();
    const from = performance.now();
    const reader = await source.open({ split: split?.id ?? "", lane: 0, lanes: 1, position: 0 });
    rows = 0;
    for (let chunk = await reader.next(); typeof chunk !== "string"; chunk = await reader.next()) rows += chunk.count;
    await reader.close();
    best = Math.min(best, performance.now() - from);
  }
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  results.push({ what, "chunk KiB": chunkBytes / 1024, rows, "M rows/s": (rows / best / 1000).toFixed(2), "stored MB/s": (statSync(path).size / best / 1000).toFixed(0), "peak MiB": peak });
}

async function writeEvents(path: string, bytes: number): Promise<void> {
  const out = createWriteStream(path);
  let written = 0;
  for (let i = 0; written < bytes; ) {
    let text = "";
    for (const end = i + 5000; i < end; i++) {
      text += `{"sensor":"sensor-${(i * 7919) % 10_000}","speed":${((i * 31) % 1300) / 10},"count":${i % 90},"status":"OK","at":"${new Date(1.4e12 + i * 37).toISOString()}","road":"E${i % 50}","ok":true}\n`;
    }
    written += text.length;
    if (!out.write(text)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}
