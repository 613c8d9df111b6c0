import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../cli/support.ts";

const CHUNKS = 3000;
const MEGABYTE = 2 ** 20;

test("a sink that is down, then slow, slows the source; memory stays bounded and nothing is given up", { timeout: 240_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), "millrace-pressure-"));
  try {
    // 600 MB of rows against a heap of 64 MB.
    const child = fileURLToPath(new URL("./slow-sink.ts", import.meta.url));
    const { code, stdout, stderr } = await run(process.execPath, ["--conditions=millrace-source", "--max-old-space-size=64", child, data, String(CHUNKS)]);
    assert.equal(code, 0, stderr);
    const told = JSON.parse(stdout) as { stoodStillAt: number; made: number; written: number; twice: number; dead: number; peak: number };
    assert.ok(told.stoodStillAt < CHUNKS / 10, `the source stood still at chunk ${told.stoodStillAt} of ${CHUNKS}`);
    assert.deepEqual([told.made, told.written, told.twice, told.dead], [CHUNKS, CHUNKS * 100, 0, 0]);
    assert.ok(told.peak < 450 * MEGABYTE, `${Math.round(told.peak / MEGABYTE)} MB`);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
