import { randomUUID } from "node:crypto";
import { createWriteStream, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import * as zlib from "node:zlib";
import { codeOf, ioError } from "./file-errors.ts";
import type { Compression } from "./read-options.ts";

/** What stands for standard output among paths. */
export const STANDARD_OUTPUT_PATH = "-";

/**
 * Text on its way to a file. The file appears under its name, whole, when `close` is done: until then
 * it is a temporary one (`.NAME.….tmp`) in the same folder, which `abort` removes. Standard output and
 * what is no regular file (a pipe, a device) are written to directly, and left open.
 */
export interface OutputFile {
  /** A promise where the file cannot take more yet: wait for it before the next write. */
  write(text: string): Promise<void> | undefined;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** Compression by the name's end (.gz, .zst) unless given; throws MILLRACE_IO and MILLRACE_NOT_FOUND. */
export function openOutput(path: string, compression: Compression = compressionOfName(path)): OutputFile {
  const name = path === STANDARD_OUTPUT_PATH ? "standard output" : path;
  const temporary = path === STANDARD_OUTPUT_PATH || isSpecial(path) ? undefined : join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  const file: Writable = path === STANDARD_OUTPUT_PATH ? process.stdout : createWriteStream(temporary ?? path);
  const packer = compression === "gzip" ? zlib.createGzip() : compression === "zstd" ? zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } }) : undefined;
  packer?.pipe(file, { end: path !== STANDARD_OUTPUT_PATH });
  const stream = packer ?? file;

  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
  };
  file.on("error", fail);
  packer?.on("error", fail);
  const check = (): void => {
    if (failure !== undefined) throw outputError(name, failure);
  };

  let text = "";
  const flush = (): Promise<void> | undefined => {
    check();
    const ready = stream.write(text);
    text = "";
    return ready ? undefined : drained(stream, file).then(check);
  };
  return {
    write: (more) => {
      text += more;
      return text.length < FLUSH_LENGTH ? undefined : flush();
    },
    close: async () => {
      if (text !== "") await flush();
      check();
      try {
        if (path === STANDARD_OUTPUT_PATH) {
          if (packer !== undefined) await ended(packer);
          await new Promise<void>((resolve, reject) => file.write("", (error) => (error == null ? resolve() : reject(error))));
        } else {
          stream.end();
          await finished(file);
        }
        if (temporary !== undefined) await rename(temporary, path);
      } catch (error) {
        fail(error);
        if (temporary !== undefined) await rm(temporary, { force: true });
      } finally {
        file.removeListener("error", fail);
      }
      check();
    },
    abort: async () => {
      text = "";
      if (path === STANDARD_OUTPUT_PATH) return;
      packer?.destroy();
      const done = finished(file).catch(() => undefined);
      file.destroy();
      await done;
      if (temporary !== undefined) await rm(temporary, { force: true });
    },
  };
}

const FLUSH_LENGTH = 64 * 1024;

function compressionOfName(path: string): Compression {
  return path.endsWith(".gz") ? "gzip" : path.endsWith(".zst") ? "zstd" : "none";
}

/** Replacing a pipe or a device by a file of that name would be wrong; a folder cannot be written at all. */
function isSpecial(path: string): boolean {
  let special: boolean;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw ioError(path, Object.assign(new Error(`EISDIR: ${path}`), { code: "EISDIR" }));
    special = !stat.isFile();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw ioError(path, error);
  }
  return special;
}

/** Settles when the stream takes more, or has failed. */
function drained(stream: Writable, file: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off("drain", settle);
      stream.off("error", settle);
      file.off("error", settle);
      resolve();
    };
    stream.on("drain", settle);
    stream.on("error", settle);
    file.on("error", settle);
  });
}

/** Ends a packer whose file stays open, and waits until all it made has been passed on. */
async function ended(packer: Writable): Promise<void> {
  const readEnd = new Promise<void>((resolve) => packer.once("end", resolve));
  packer.end();
  await readEnd;
}

function outputError(name: string, cause: unknown): Error {
  if (codeOf(cause) === "ENOENT") return ioError(name, cause, "its folder does not exist; create it first");
  if (codeOf(cause) === "EPIPE") return ioError(name, cause, "what reads from the pipe has ended before all was written");
  return ioError(name, cause);
}
