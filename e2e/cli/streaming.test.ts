import assert from "node:assert/strict";
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { writeModule } from "./modules.ts";
import { millrace, reportOf, temporaryFolder } from "./support.ts";

const NOTHING_KEPT = `
import { fields, topic, workflow } from "millrace";
const rows = topic("rows", { schema: fields({ id: "integer", text: "string" }) });
export const none = workflow("none", (flow) => flow.from(rows).filter((row) => row.id < 0).to(topic("kept")));
`;

const MEGABYTE = 1e6;
/** A part of the input: a gzip member or zstd frame of its own where it is compressed. */
const PART = Buffer.from(`{"id":1,"text":"${"x".repeat(970)}"}\n`.repeat(10_000));
const PARTS = 16;
const CONTENT = PART.length * PARTS;
/** What reading may need beside what a run of one row needs; the whole content is twice that. */
const MOST = 80 * MEGABYTE;

let base = 0;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  const row = join(folder, "row.ndjson");
  writeFileSync(row, '{"id":1,"text":"x"}\n');
  base = (await run(folder, row)).peakMemoryBytes;
  rmSync(folder, { recursive: true });
});

for (const [kind, name, compress] of [
  ["a file", "in.ndjson", (part: Buffer) => part],
  ["a gzip file", "in.ndjson.gz", gzipSync],
  ["a zstd file", "in.ndjson.zst", zstdCompressSync],
] as const) {
  test(`${kind} of ${Math.round(CONTENT / MEGABYTE)} MB is read in little memory, by its name, a glob and standard input`, async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, name);
    const part = compress(PART);
    const file = openSync(path, "w");
    for (let i = 0; i < PARTS; i++) writeSync(file, part);
    closeSync(file);
    const peaks: number[] = [];
    for (const input of [path, join(folder, "*.ndjson*"), "-"]) {
      const { atomsIn, peakMemoryBytes } = await run(folder, input, input === "-" ? path : undefined);
      assert.equal(atomsIn, PARTS * 10_000);
      peaks.push((peakMemoryBytes - base) / MEGABYTE);
    }
    t.diagnostic(`beyond the ${Math.round(base / MEGABYTE)} MB of a run of one row: ${peaks.map((peak) => `${Math.round(peak)} MB`).join(", ")}`);
    for (const peak of peaks) assert.ok(peak * MEGABYTE < MOST, `${peak} MB`);
  });
}

async function run(folder: string, input: string, standardInput?: string): Promise<ReturnType<typeof reportOf>> {
  const ended = await millrace(["run", writeModule(folder, NOTHING_KEPT), "--in", `rows=${input}`, "--report", "json"], {
    env: { NODE_OPTIONS: "--max-old-space-size=48" },
    ...(standardInput === undefined ? {} : { during: (child) => void createReadStream(standardInput).pipe(child.stdin!) }),
  });
  assert.equal(ended.code, 0, ended.stderr);
  return reportOf(ended);
}
