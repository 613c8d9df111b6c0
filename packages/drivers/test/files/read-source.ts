import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Chunk, Source } from "@millrace/core/internal";

export type Compressed = "none" | "gzip" | "zstd";

/** A folder that is removed when the test is over. */
export function testFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-files-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file, compressed in two members or frames where there are bytes for them. */
export function writeInput(path: string, content: Buffer, compression: Compressed): string {
  const half = content.length >> 1;
  const compress = compression === "gzip" ? gzipSync : zstdCompressSync;
  const bytes = compression === "none" ? content : Buffer.concat([compress(content.subarray(0, half)), compress(content.subarray(half))]);
  const full = path + { none: "", gzip: ".gz", zstd: ".zst" }[compression];
  writeFileSync(full, bytes);
  return full;
}

/** Reads all chunks from a position on, by as many lanes, in the order of their indexes. */
export async function readChunks(source: Source, lanes = 1, position = 0): Promise<Chunk[]> {
  const [split] = await source.splits();
  const chunks: Chunk[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const reader = await source.open({ split: split.id, lane, lanes, position });
    for (;;) {
      const chunk = await reader.next();
      if (typeof chunk === "string") break;
      chunks.push(chunk);
    }
    await reader.close();
  }
  return chunks.sort((a, b) => a.index - b.index);
}

/** Everything a chunk says of its records, as plain values. */
export function contents(chunks: readonly Chunk[]): { rows: unknown[]; malformed: unknown[] } {
  return {
    rows: chunks.flatMap((chunk) => Array.from({ length: chunk.count }, (_, row) => chunk.rows.get(row))),
    malformed: chunks.flatMap((chunk) => chunk.malformed),
  };
}
