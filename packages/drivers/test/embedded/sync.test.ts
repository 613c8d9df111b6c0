import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

/** Counts calls of the real system from before anything else is imported. */
const COUNTING = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
globalThis.synced = { fdatasync: 0, fdatasyncSync: 0, fsyncSync: 0 };
for (const name of Object.keys(globalThis.synced)) {
  const real = fs[name];
  fs[name] = (...args) => {
    globalThis.synced[name]++;
    return real(...args);
  };
}
syncBuiltinESMExports();
`;

const COMMITTING = `
const { openEmbeddedLedger } = await import(${JSON.stringify(new URL("../../src/embedded/index.ts", import.meta.url).href)});
const [directory, durability] = process.argv.slice(1);
const ledger = await openEmbeddedLedger({ directory, durability });
await ledger.fence("p");
const counts = [];
for (let version = 1; version <= 5; version++) {
  await ledger.commit({ partition: "p", epoch: 1, version, progress: new Uint8Array(10), wakeAt: Infinity, state: [], sends: [], applied: [], appends: [] });
  counts.push(globalThis.synced.fdatasync + globalThis.synced.fdatasyncSync);
}
const folders = globalThis.synced.fsyncSync;
await ledger.close();
console.log(JSON.stringify({ counts, folders }));
`;

interface Synced {
  /** Syncs of files by the time each commit was acknowledged. */
  readonly counts: readonly number[];
  /** Syncs of folders, by which a new file's name survives. */
  readonly folders: number;
}

function synced(durability: "process" | "disk"): Synced {
  const directory = mkdtempSync(join(tmpdir(), "millrace-sync-"));
  try {
    const preload = `data:text/javascript,${encodeURIComponent(COUNTING)}`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--conditions=millrace-source", "--import", preload, "--input-type=module", "-e", COMMITTING, directory, durability], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Synced;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test("with durability on disk the system is asked to sync before a commit is acknowledged, else it is not", () => {
  const disk = synced("disk");
  disk.counts.forEach((count, i) => assert.ok(count > (disk.counts[i - 1] ?? 0), `commit ${i + 1}: ${disk.counts.join(", ")}`));
  assert.ok(disk.folders > 0, "the folder's entries were never synced");
  assert.equal(new Set(synced("process").counts).size, 1);
});
