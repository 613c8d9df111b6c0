import { createReadStream, existsSync, mkdirSync, openSync, closeSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Makes a file once: `fill` writes it under another name, which it loses when it is whole. */
export async function makeOnce(folder: string, name: string, say: (line: string) => void, fill: (path: string) => void | Promise<void>): Promise<string> {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  say(`making ${path}`);
  await fill(`${path}.part`);
  renameSync(`${path}.part`, path);
  return path;
}

/** Reads files once, so that they lie in the page cache; returns how many bytes they are. */
export async function warm(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    bytes += statSync(path).size;
    for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) void chunk;
  }
  return bytes;
}

const BLOCK = 4 * 1024 * 1024;

/** Writes `count` records of equal length: `patch` changes the last one's bytes into the next's. */
export function writeRecords(path: string, template: string, count: number, patch: (bytes: Uint8Array, at: number, record: number) => void): void {
  const record = new TextEncoder().encode(`${template}\n`);
  const perBlock = Math.floor(BLOCK / record.length);
  const block = new Uint8Array(perBlock * record.length);
  for (let i = 0; i < perBlock; i++) block.set(record, i * record.length);
  const file = openSync(path, "w");
  try {
    for (let done = 0; done < count; ) {
      const records = Math.min(perBlock, count - done);
      for (let i = 0; i < records; i++) patch(block, i * record.length, done + i);
      writeSync(file, block, 0, records * record.length);
      done += records;
    }
  } finally {
    closeSync(file);
  }
}

/** Writes a whole number right-aligned, with zeros before it. */
export function putDigits(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    bytes[i] = 48 + rest - next * 10;
    rest = next;
  }
}

/** Writes a time of day, `hh:mm:ss.mmm`; the date beside it is the template's. */
export function putTimeOfDay(bytes: Uint8Array, at: number, milliseconds: number): void {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  putDigits(bytes, at, 2, Math.floor(minutes / 60));
  putDigits(bytes, at + 3, 2, minutes % 60);
  putDigits(bytes, at + 6, 2, seconds % 60);
  putDigits(bytes, at + 9, 3, milliseconds % 1000);
}

/** Small, fast, seeded random whole numbers (Marsaglia's xorshift, 2003). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
