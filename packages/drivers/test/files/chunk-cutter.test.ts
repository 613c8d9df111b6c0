import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ByteInput } from "../../src/files/byte-input.ts";
import { ChunkCutter } from "../../src/files/chunk-cutter.ts";
import { CsvScanner, LineScanner } from "../../src/files/record-scanner.ts";

const QUOTE = 34;
const COMMA = 44;
const LINE_FEED = 10;

type Range = readonly [start: number, end: number];

/** Where records start and end, told byte by byte from the start. */
function recordsOf(content: Buffer, csv: boolean): Range[] {
  const records: Range[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < content.length; i++) {
    const byte = content[i];
    if (csv && byte === QUOTE) {
      if (!quoted) quoted = i === start || content[i - 1] === COMMA;
      else if (content[i + 1] === QUOTE) i++;
      else quoted = false;
    } else if (byte === LINE_FEED && !quoted) {
      records.push([start, i + 1]);
      start = i + 1;
    }
  }
  if (start < content.length) records.push([start, content.length]);
  return records;
}

/** Content that comes in pieces of given sizes, and can be read from anywhere where `seekable`. */
function inputOf(content: Buffer, sizes: readonly number[], seekable: boolean): ByteInput {
  let offset = 0;
  let reads = 0;
  return {
    name: "content",
    size: seekable ? content.length : undefined,
    stored: () => offset,
    seek: seekable ? (to) => (offset = to) : undefined,
    read: async (target, at, length) => {
      const wanted = Math.min(sizes[reads++ % sizes.length], length);
      const read = content.copy(target, at, offset, Math.min(offset + wanted, content.length));
      offset += read;
      return read;
    },
    close: async () => undefined,
  };
}

const bytes = (...codes: readonly number[]): fc.Arbitrary<Buffer> => fc.array(fc.constantFrom(...codes), { maxLength: 300, size: "max" }).map((list) => Buffer.from(list));

test("chunks hold the records that start in them, whatever stray or open quotes the content has, and however it is read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.oneof(bytes(QUOTE, QUOTE, COMMA, LINE_FEED, 97, 13), bytes(LINE_FEED, 97, 97, 97, QUOTE)),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.record({ chunkBytes: fc.integer({ min: 1, max: 60 }), more: fc.nat(60), lanes: fc.integer({ min: 1, max: 4 }), releases: fc.boolean() }),
      async (csv, content, sizes, seekable, { chunkBytes, more, lanes, releases }) => {
        const maxRecordBytes = chunkBytes + more;
        const records = recordsOf(content, csv);
        const chunks = Math.ceil(content.length / chunkBytes);
        let found = 0;
        for (let lane = 0; lane < lanes; lane++) {
          const cutter = new ChunkCutter(inputOf(content, sizes, seekable), csv ? new CsvScanner(COMMA, QUOTE) : new LineScanner(), { chunkBytes, maxRecordBytes });
          for (let index = lane; ; index += lanes, found++) {
            const cut = await cutter.cut(index);
            if (cut === undefined) break;
            const own = records.filter(([start]) => start >= index * chunkBytes && start < (index + 1) * chunkBytes);
            const last = own.at(-1);
            const overlong = last !== undefined && last[1] - last[0] > maxRecordBytes ? own.pop() : undefined;
            assert.deepEqual(cut.bytes.toString("latin1", cut.start, cut.end), content.toString("latin1", own[0]?.[0] ?? 0, own.at(-1)?.[1] ?? 0));
            if (own.length > 0) assert.equal(cut.offset, own[0][0]);
            assert.deepEqual(cut.overlong && [cut.overlong.offset, cut.overlong.offset + cut.overlong.length], overlong);
            if (cut.overlong !== undefined) assert.ok(content.subarray(cut.overlong.offset, cut.overlong.offset + cut.overlong.length).indexOf(cut.overlong.head) === 0);
            if (releases) cutter.release(cut);
          }
          assert.equal(cutter.chunks, chunks);
        }
        assert.equal(found, chunks);
      },
    ),
    { numRuns: 3000 },
  );
});
