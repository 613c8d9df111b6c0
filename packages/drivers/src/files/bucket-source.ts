import { stat } from "node:fs/promises";
import { MillraceError } from "@millrace/core";
import type { Journal, OpenSplit, Source, SplitReader } from "@millrace/core/internal";
import { BucketReader } from "./bucket-reader.ts";
import { ioError } from "./file-errors.ts";
import { readOptions } from "./read-options.ts";
import type { RecordOptions } from "./read-options.ts";

export interface BucketSourceOptions extends RecordOptions {
  readonly name: string;
  /** The bucket's folder; must exist. */
  readonly directory: string;
  /** Glob over object names; default all. */
  readonly pattern?: string;
  /** How often the folder is looked at, and how long an object must stay the same to be complete; default 1,000. */
  readonly pollMilliseconds?: number;
  /**
   * Where the order of discovery is kept, so that a restart goes on where it was and no object is read
   * twice. Without one it is kept in memory: each start reads all objects.
   */
  readonly journal?: Journal;
}

/**
 * An unbounded source of the records of a bucket's objects: those there are, in name order, then new
 * ones as they come, each read whole, once. An object whose content changed (its etag) is a new one. An
 * object that cannot be read, or is gone before it was read, is one malformed row that says so. One
 * split, one lane: chunks are numbered over the objects in order of discovery.
 */
export function bucketSource(options: BucketSourceOptions): Source {
  const { name, directory } = options;
  const read = readOptions(name, options);
  const pollMilliseconds = options.pollMilliseconds ?? 1000;
  if (!(pollMilliseconds >= 1)) throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `pollMilliseconds is ${pollMilliseconds}; give at least 1`);
  const split = `${directory}#${read.chunkBytes}`;
  return {
    name,
    splits: async () => [{ id: split, parallel: false }],
    open: async (open: OpenSplit): Promise<SplitReader> => {
      if (open.split !== split) throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `has no split ${open.split}, only ${split}`);
      if (open.lanes !== 1) throw new MillraceError("MILLRACE_USAGE", `source ${name}`, "objects are read by one lane only");
      await checkFolder(directory);
      const journal = options.journal ?? open.journal ?? memoryJournal();
      return BucketReader.open(name, { directory, pattern: options.pattern ?? "**", pollMilliseconds, journal, read }, open.position);
    },
  };
}

function memoryJournal(): Journal {
  const lines: string[] = [];
  return {
    read: async () => lines,
    append: async (line) => {
      lines.push(line);
    },
  };
}

async function checkFolder(directory: string): Promise<void> {
  try {
    if ((await stat(directory)).isDirectory()) return;
  } catch (error) {
    throw ioError(directory, error);
  }
  throw new MillraceError("MILLRACE_IO", `bucket ${directory}`, "is a file, not a folder; name the folder of the objects");
}
