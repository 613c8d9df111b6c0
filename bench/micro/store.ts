/**
 * The embedded ledger beside the stores it might have been built on, in the engine's access pattern;
 * prints a table (docs/decisions/0002-embedded-store.md). Run by hand:
 * npx --no-install node --conditions=millrace-source bench/micro/store.ts [log|level|lmdb|sqlite]...
 * classic-level and lmdb are taken from the folder MILLRACE_STORES, where they have to be installed.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROW_BYTES, type Candidate, type Step } from "./store-alternatives/candidate.ts";
import { openLevel } from "./store-alternatives/level.ts";
import { openLmdb } from "./store-alternatives/lmdb.ts";
import { openLog } from "./store-alternatives/log.ts";
import { openSqlite } from "./store-alternatives/sqlite.ts";

const KEYS = 200_000;
const LARGE = { rows: 10_000, batch: 1024 * 1024 };
const SMALL = { rows: 1, batch: 100 };
const FILLED_BYTES = 2 ** 30;
const FILLED_ROW = 400;
const SECONDS = 4;

const open = {
  log: (directory: string, disk: boolean) => openLog(directory, KEYS, disk),
  level: openLevel,
  lmdb: openLmdb,
  sqlite: openSqlite,
};
type Name = keyof typeof open;

const chosen = process.argv.slice(2).filter((name): name is Name => name in open);
const table: Record<string, string>[] = [];
for (const name of chosen.length === 0 ? (["log", "level", "lmdb", "sqlite"] as const) : chosen) {
  for (const disk of [false, true]) table.push(await measure(name, disk));
}
console.table(table);

async function measure(name: Name, disk: boolean): Promise<Record<string, string>> {
  const line: Record<string, string> = {};
  await inFolder(async (folder) => {
    const store = await open[name](folder, disk);
    line["store"] = store.name;
    // Ten times as many changes as there are keys.
    const large = await commits(store, LARGE, (KEYS * 10) / LARGE.rows, 60, 0);
    Object.assign(line, { "large/s": perSecond(large), "MB/s": megabytes(large), "large p50, p99 ms": quantiles(large) });
    line["disk MB after 10x churn"] = (diskBytes(folder) / 1e6).toFixed(0);
    const small = await commits(store, SMALL, Infinity, SECONDS, large.length);
    Object.assign(line, { "small/s": perSecond(small), "small p50, p99 ms": quantiles(small) });
    await store.close();
  });
  if (!disk) await inFolder((folder) => restart(line, folder, name));
  return line;
}

/** Fills a store with a gigabyte, kills nothing but closes it, and opens it again. */
async function restart(line: Record<string, string>, folder: string, name: Name): Promise<void> {
  const store = await open[name](folder, false);
  const rows = new Uint8Array(10_000 * FILLED_ROW).fill(5);
  const started = performance.now();
  let filled = 0;
  for (; filled < FILLED_BYTES; filled += rows.length) await store.fill(filled / FILLED_ROW, rows, FILLED_ROW);
  const took = performance.now() - started;
  await store.close();
  const opening = performance.now();
  const again = await open[name](folder, false);
  const opened = performance.now();
  await again.load();
  const loaded = performance.now();
  line["fill MB/s"] = (filled / 1e3 / took).toFixed(0);
  line["open 1 GB ms"] = (opened - opening).toFixed(0);
  line["read all s"] = ((loaded - opened) / 1e3).toFixed(2);
  await again.close();
}

async function commits(store: Candidate, size: typeof LARGE, most: number, seconds: number, after: number): Promise<number[]> {
  const rows = new Uint8Array(size.rows * ROW_BYTES).fill(3);
  const batch = new Uint8Array(size.batch).fill(4);
  const keys = new Int32Array(size.rows);
  const times: number[] = [];
  let random = 1;
  const until = performance.now() + seconds * 1e3;
  for (let i = 1; i <= most && performance.now() < until; i++) {
    for (let k = 0; k < keys.length; k++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      keys[k] = Math.floor((random / 2 ** 32) * KEYS);
    }
    const step: Step = { sequence: after + i, keys, rows, batch };
    const started = performance.now();
    await store.commit(step);
    times.push(performance.now() - started);
  }
  return times;
}

function perSecond(times: readonly number[]): string {
  return ((times.length * 1e3) / sum(times)).toFixed(0);
}

function megabytes(times: readonly number[]): string {
  return ((times.length * (LARGE.rows * ROW_BYTES + LARGE.batch)) / 1e3 / sum(times)).toFixed(0);
}

function quantiles(times: readonly number[]): string {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): string => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toPrecision(2);
  return `${at(0.5)}, ${at(0.99)}`;
}

function sum(times: readonly number[]): number {
  return times.reduce((total, time) => total + time, 0);
}

function diskBytes(folder: string): number {
  let bytes = 0;
  for (const file of readdirSync(folder)) bytes += statSync(join(folder, file)).size;
  return bytes;
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-store-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
