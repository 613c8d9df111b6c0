import assert from "node:assert/strict";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Chunk, Journal, SplitReader } from "@millrace/core/internal";
import { bucketSource, fileBucket } from "@millrace/drivers/files";
import { testFolder } from "./read-source.ts";

const POLL = 30;

function lines(...values: number[]): Buffer {
  return Buffer.from(values.map((n) => `{"n":${n}}\n`).join(""));
}

function journal(): Journal & { readonly lines: string[] } {
  const kept: string[] = [];
  return { lines: kept, read: async () => [...kept], append: async (line) => void kept.push(line) };
}

/** Opens the source at a position as a restarted engine would; closed with the test. */
async function open(t: TestContext, directory: string, kept: Journal, position = 0, chunkBytes = 16): Promise<SplitReader> {
  const source = bucketSource({ name: "in", directory, format: "ndjson", pollMilliseconds: POLL, journal: kept, chunkBytes });
  const [split] = await source.splits();
  const reader = await source.open({ split: split.id, lane: 0, lanes: 1, position });
  t.after(() => reader.close());
  return reader;
}

/** What a reader that is woken calls: given to it once, as the engine does. */
const wakings = new WeakMap<SplitReader, () => void>();

function woken(reader: SplitReader): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!wakings.has(reader)) reader.onReady?.(() => wakings.get(reader)?.());
  wakings.set(reader, resolve);
  return promise;
}

/** Reads until as many rows and malformed rows have come, then makes sure that no more come. */
async function read(reader: SplitReader, count: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let seen = 0;
  for (const until = performance.now() + 5000; performance.now() < until && seen < count; ) {
    const chunk = await reader.next();
    if (chunk === "end") break;
    if (chunk === "idle" || chunk === "later") {
      await Promise.race([woken(reader), wait(1000)]);
    } else {
      chunks.push(chunk);
      seen += chunk.count + chunk.malformed.length;
    }
  }
  assert.equal(seen, count);
  let rest = await reader.next();
  for (; typeof rest !== "string" && rest.count === 0 && rest.malformed.length === 0; rest = await reader.next()) chunks.push(rest);
  assert.equal(rest, "idle");
  return chunks;
}

function numbers(chunks: readonly Chunk[]): number[] {
  return chunks.flatMap((chunk) => Array.from({ length: chunk.count }, (_, row) => (chunk.rows.get(row) as { n: number }).n));
}

describe("a bucket source", () => {
  it("reads the objects there are, then new and changed ones, each once", async (t) => {
    const folder = testFolder(t);
    writeFileSync(join(folder, "b"), lines(3, 4, 5, 6));
    writeFileSync(join(folder, "a"), lines(1, 2));
    writeFileSync(join(folder, ".temporary"), lines(99));
    const reader = await open(t, folder, journal());
    const first = await read(reader, 6);
    assert.deepEqual(numbers(first), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(first.map((chunk) => chunk.index), first.map((_, i) => i));
    await fileBucket(folder).put("c/d", lines(7));
    assert.deepEqual(numbers(await read(reader, 1)), [7]);
    writeFileSync(join(folder, "a"), lines(8, 9, 10));
    assert.deepEqual(numbers(await read(reader, 3)), [8, 9, 10]);
  });

  it("does not read an object that is still being written", async (t) => {
    const folder = testFolder(t);
    const reader = await open(t, folder, journal());
    const path = join(folder, "slow");
    writeFileSync(path, "");
    for (let i = 0; i < 20; i++) {
      appendFileSync(path, lines(i));
      await wait(POLL / 3);
    }
    assert.deepEqual(numbers(await read(reader, 20)), Array.from({ length: 20 }, (_, i) => i));
  });

  it("goes on after any chunk when it is opened again, in the same order", async (t) => {
    const folder = testFolder(t);
    const kept = journal();
    writeFileSync(join(folder, "b"), lines(1, 2, 3, 4, 5));
    const first = await open(t, folder, kept);
    const before = await read(first, 5);
    writeFileSync(join(folder, "a"), lines(6, 7, 8, 9));
    writeFileSync(join(folder, "c"), "");
    const chunks = [...before, ...(await read(first, 4))];
    await first.close();
    const all = numbers(chunks);
    for (let position = 0; position <= chunks.length; position++) {
      const again = await open(t, folder, kept, position);
      const rest = numbers(chunks.slice(position));
      assert.deepEqual(numbers(await read(again, rest.length)), rest);
      await again.close();
    }
    // Objects that were read whole may go, without moving what comes after.
    rmSync(join(folder, "b"));
    const later = await open(t, folder, kept, before.length);
    assert.deepEqual(numbers(await read(later, 4)), all.slice(5));
  });

  it("tells of objects that are damaged or gone, and goes on", async (t) => {
    const folder = testFolder(t);
    const kept = journal();
    const packed = gzipSync(lines(...Array.from({ length: 50 }, (_, i) => i)));
    writeFileSync(join(folder, "a.gz"), packed.subarray(0, packed.length - 9));
    writeFileSync(join(folder, "b"), lines(50));
    const reader = await open(t, folder, kept, 0, 4096);
    const chunks = await read(reader, 2);
    assert.deepEqual(numbers(chunks), [50]);
    assert.match(chunks[0].malformed[0].reason, /MILLRACE_DECODE.*a\.gz/);
    assert.equal(chunks[0].malformed[0].position, "in/a.gz");
    await reader.close();
    // Found, but gone before a chunk of it was committed.
    rmSync(join(folder, "b"));
    const again = await open(t, folder, kept, 1, 4096);
    const [gone] = await read(again, 1);
    assert.match(gone.malformed[0].reason, /MILLRACE_NOT_FOUND.*b/);
    assert.equal(gone.index, 1);
  });

  it("says that the folder is missing or its journal is broken", async (t) => {
    const folder = testFolder(t);
    await assert.rejects(open(t, join(folder, "none"), journal()), { code: "MILLRACE_NOT_FOUND" });
    const broken = journal();
    broken.lines.push('{"read":3,"chunks":1}');
    await assert.rejects(open(t, folder, broken), { code: "MILLRACE_STORE_CORRUPT", message: /line 1/ });
  });
});
