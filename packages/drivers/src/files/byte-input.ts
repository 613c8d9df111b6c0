import { createReadStream, fstatSync } from "node:fs";
import type { ReadStream as FileStream } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { Socket } from "node:net";
import { isatty, ReadStream } from "node:tty";
import { ioError, damagedError, usageError } from "./file-errors.ts";
import { inflate } from "./inflate.ts";
import type { Compression } from "./read-options.ts";

/** The (decompressed) content of one file, read forward. */
export interface ByteInput {
  /** How messages name it: the path, or "standard input". */
  readonly name: string;
  /** Size of the content where it is known. */
  readonly size: number | undefined;
  /** Bytes of the file, as it is stored, that have been read so far; of a plain file: up to where reading is. */
  stored(): number;
  /** Reads up to `length` bytes to `target[at...]`; 0 only at the end. */
  read(target: Buffer, at: number, length: number): Promise<number>;
  /** Goes on from this offset, where the input can do that without reading what lies between. */
  readonly seek: ((offset: number) => void) | undefined;
  close(): Promise<void>;
}

/** What a file starts with, to tell its compression; closes it again. */
export async function firstBytes(path: string): Promise<Buffer> {
  const file = await openFile(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw ioError(path, cause);
  } finally {
    await file.close();
  }
}

/** Gzip and zstd say what they are in their first bytes, which no text starts with. */
export function compressionOf(first: Buffer): Compression {
  if (first.length >= 2 && first[0] === 0x1f && first[1] === 0x8b) return "gzip";
  if (first.length >= 4 && first.readUInt32LE(0) === ZSTD_MAGIC) return "zstd";
  if (first.length >= 4 && first.readUInt32LE(0) >>> 4 === ZSTD_SKIPPABLE_MAGIC) return "zstd";
  return "none";
}

/** A file that is read where one likes; its content is what it held when it was opened. */
export async function openPlain(path: string): Promise<ByteInput> {
  const file = await openFile(path);
  let size: number;
  try {
    size = (await file.stat()).size;
  } catch (cause) {
    await file.close();
    throw ioError(path, cause);
  }
  let offset = 0;
  return {
    name: path,
    size,
    stored: () => offset,
    seek: (to) => {
      offset = to;
    },
    read: async (target, at, length) => {
      const wanted = Math.min(length, size - offset);
      if (wanted <= 0) return 0;
      const read = await readAt(file, path, target, at, wanted, offset);
      if (read === 0) throw ioError(path, undefined, `became shorter than ${size} bytes while it was read; leave input files alone while they are read`);
      offset += read;
      return read;
    },
    close: () => file.close(),
  };
}

/** A compressed file, decompressed as it is read. */
export async function openCompressed(path: string, compression: "gzip" | "zstd"): Promise<ByteInput> {
  const file = await openFile(path);
  const stream = file.createReadStream({ highWaterMark: RAW_PIECE });
  const raw = failing(stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>, path);
  return piecesInput(path, inflate(raw, compression, PIECE), compression, () => stream.bytesRead, async () => {
    stream.destroy();
    await file.close();
  });
}

/** Standard input, decompressed where its first bytes or `compression` say so. Can be read once. */
export function openStandardInput(compression: Compression | undefined): ByteInput {
  const stream = standardInput();
  const raw = failing(stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>, STANDARD_INPUT);
  return piecesInput(STANDARD_INPUT, sniffed(raw, compression), compression ?? "input", () => stream.bytesRead, async () => {
    stream.destroy();
  });
}

const STANDARD_INPUT = "standard input";
const RAW_PIECE = 256 * 1024;
const PIECE = 512 * 1024;
const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a5;

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw ioError(path, cause);
  }
}

async function readAt(file: FileHandle, path: string, target: Buffer, at: number, length: number, offset: number): Promise<number> {
  try {
    return (await file.read(target, at, length, offset)).bytesRead;
  } catch (cause) {
    throw ioError(path, cause);
  }
}

function piecesInput(
  name: string,
  pieces: AsyncGenerator<Buffer, void, void>,
  compression: string,
  stored: () => number,
  release: () => Promise<void>,
): ByteInput {
  let piece: Buffer | undefined;
  let used = 0;
  return {
    name,
    size: undefined,
    stored,
    seek: undefined,
    read: async (target, at, length) => {
      while (piece === undefined || used === piece.length) {
        let next: IteratorResult<Buffer, void>;
        try {
          next = await pieces.next();
        } catch (cause) {
          throw damagedError(name, compression, cause);
        }
        if (next.done === true) return 0;
        piece = next.value;
        used = 0;
      }
      const copied = piece.copy(target, at, used, Math.min(piece.length, used + length));
      used += copied;
      return copied;
    },
    // The source first: a generator that waits for it returns only then.
    close: async () => {
      await release();
      await pieces.return().catch(() => undefined);
    },
  };
}

/** Turns the errors of a byte stream into errors that name it. */
async function* failing(raw: AsyncIterator<Buffer>, name: string): AsyncGenerator<Buffer, void, void> {
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await raw.next();
    } catch (cause) {
      throw ioError(name, cause);
    }
    if (next.done === true) return;
    yield next.value;
  }
}

async function* sniffed(raw: AsyncGenerator<Buffer, void, void>, declared: Compression | undefined): AsyncGenerator<Buffer, void, void> {
  let first = Buffer.alloc(0);
  while (first.length < 4) {
    const next = await raw.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  const all = joined(first, raw);
  const compression = declared ?? compressionOf(first);
  if (compression === "none") yield* all;
  else yield* inflate(all, compression, PIECE);
}

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer, void, void>): AsyncGenerator<Buffer, void, void> {
  if (first.length > 0) yield first;
  yield* rest;
}

/** Descriptor 0 as a stream, in any thread; waiting for a pipe or a terminal holds no thread of the pool. */
function standardInput(): Socket | FileStream {
  try {
    const stat = fstatSync(0);
    if (stat.isFIFO() || stat.isSocket()) return new Socket({ fd: 0, readable: true, writable: false });
    if (isatty(0)) return new ReadStream(0);
    if (!stat.isDirectory()) return createReadStream("", { fd: 0, autoClose: false, highWaterMark: RAW_PIECE });
  } catch (cause) {
    throw ioError(STANDARD_INPUT, cause);
  }
  throw usageError(STANDARD_INPUT, "is a folder; redirect a file or a pipe to it");
}
