import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openEmbeddedLedger } from "../../src/embedded/index.ts";
import { assertPrefix } from "./support.ts";

const child = join(import.meta.dirname, "committing-process.ts");

for (const [durability, kills] of [["process", 20], ["disk", 4]] as const) {
  test(`kill -9 at ${kills} random moments loses nothing acknowledged and leaves nothing torn (${durability})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-kill-"));
    const directory = join(folder, "data");
    const acknowledged = join(folder, "acknowledged");
    let last = 0;
    try {
      for (let round = 0; round < kills; round++) {
        rmSync(acknowledged, { force: true });
        await runAndKill([directory, acknowledged, durability], acknowledged, Math.random() * 250);
        const version = readFileSync(acknowledged).readDoubleLE();
        // Every other time the next process finds what the killed one left, untouched.
        if (round % 2 === 0) continue;
        const ledger = await openEmbeddedLedger({ directory, segmentBytes: 256 * 1024, slackBytes: 256 * 1024 });
        const found = await assertPrefix(ledger);
        assert.ok(found === version || found === version + 1, `round ${round}: found ${found}, acknowledged ${version}`);
        assert.ok(found > last, "no progress was made");
        last = found;
        const { diskBytes, liveBytes } = ledger.statistics();
        assert.ok(diskBytes < 2 * liveBytes + 4 * 1024 * 1024, `${diskBytes} bytes on disk for ${liveBytes} live ones`);
        await ledger.close();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function runAndKill(args: readonly string[], started: string, milliseconds: number): Promise<void> {
  const process_ = spawn(process.execPath, ["--conditions=millrace-source", child, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  process_.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
  const ended = once(process_, "close");
  try {
    while (!existsSync(started) || readFileSync(started).length < 8) {
      assert.equal(process_.exitCode, null, complaint);
      await sleep(3);
    }
    await sleep(milliseconds);
    assert.equal(process_.exitCode, null, complaint);
  } finally {
    process_.kill("SIGKILL");
    await ended;
  }
}
