import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { inflate } from "../../src/files/inflate.ts";

type Kind = "gzip" | "zstd";

/** Pieces of a stream, some of which come a turn of the event loop later. */
async function* pieces(stored: Buffer, sizes: readonly number[], late: readonly boolean[]): AsyncGenerator<Buffer, void, void> {
  for (let at = 0, i = 0; at < stored.length; i++) {
    if (late[i % late.length]) await nextTurn();
    const size = sizes[i % sizes.length];
    yield stored.subarray(at, at + size);
    at += size;
  }
}

async function inflated(input: AsyncGenerator<Buffer, void, void>, kind: Kind, pieceBytes: number): Promise<Buffer> {
  const out: Buffer[] = [];
  for await (const piece of inflate(input, kind, pieceBytes)) out.push(piece);
  return Buffer.concat(out);
}

function frame(kind: Kind, content: Buffer): Buffer {
  return kind === "gzip" ? gzipSync(content) : zstdCompressSync(content);
}

/** A zstd frame without content, which every reader passes over. */
function skippable(length: number): Buffer {
  const bytes = Buffer.alloc(8 + length, 0x5a);
  bytes.writeUInt32LE(0x184d2a53, 0);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

const kinds = fc.constantFrom<Kind>("gzip", "zstd");
const contents = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 90_000 }).map((length) => new Uint8Array(length).fill(65))), { minLength: 1, maxLength: 5 });
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })), { minLength: 1, maxLength: 6 });
const late = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
const pieceBytes = fc.constantFrom(64, 1000, 512 * 1024);

test("frames one after another come out whole, wherever the pieces are cut and whenever they come", async () => {
  await fc.assert(
    fc.asyncProperty(kinds, contents, sizes, late, pieceBytes, async (kind, parts, cut, when, room) => {
      const frames = parts.map((part) => frame(kind, Buffer.from(part)));
      const stored = Buffer.concat(kind === "zstd" ? frames.flatMap((one, i) => (i % 2 === 1 ? [skippable(i * 5), one] : [one])) : [...frames, Buffer.alloc(cut.length - 1)]);
      const got = await inflated(pieces(stored, cut, when), kind, room);
      assert.ok(got.equals(Buffer.concat(parts)), `${got.length} bytes of ${parts.reduce((sum, part) => sum + part.length, 0)}`);
    }),
    { numRuns: 150 },
  );
});

test("what ends too early, and garbage behind the last frame, is an error and never an end", async () => {
  await fc.assert(
    fc.asyncProperty(kinds, contents, sizes, late, fc.boolean(), fc.nat(), async (kind, parts, cut, when, short, at) => {
      const frames = parts.map((part) => frame(kind, Buffer.from(part)));
      const last = frames.at(-1)!;
      const broken = short ? last.subarray(0, 1 + (at % (last.length - 1))) : Buffer.concat([last, Buffer.from("garbage")]);
      const input = pieces(Buffer.concat([...frames.slice(0, -1), broken]), cut, when);
      await assert.rejects(inflated(input, kind, 1000));
    }),
    { numRuns: 100 },
  );
});
