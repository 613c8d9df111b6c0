import { MillraceError } from "@millrace/core";
import type { OpenSplit, Source, SplitDescription, SplitReader } from "@millrace/core/internal";
import { openStandardInput } from "./byte-input.ts";
import { FileReader } from "./file-reader.ts";
import { rememberedInput } from "./remembered-input.ts";
import { findFiles, STANDARD_INPUT_PATH } from "./input-files.ts";
import type { InputFile } from "./input-files.ts";
import { DEFAULT_CHUNK, readOptions } from "./read-options.ts";
import type { RecordOptions } from "./read-options.ts";

export interface FileSourceOptions extends RecordOptions {
  readonly name: string;
  /** A path, a glob (its files in name order), several of them in the order given, or "-" for standard input. */
  readonly path: string | readonly string[];
  /**
   * What of the files is in the order of time: "one" (default), all of them, one after the other; "file", each
   * by itself, for files that overlap in time. Those are read side by side, each with its own largest time, and
   * `chunkBytes` is then by default 32 MiB divided by their number, from 64 KiB to 1 MiB.
   */
  readonly splits?: "one" | "file";
}

/**
 * A bounded source of records in NDJSON or CSV files, plain or compressed (gzip, zstd). All files
 * together are one split, unless `splits` says otherwise: chunks are numbered over them, and depend on
 * the files' content and `chunkBytes` only, so that lanes read disjoint chunks without talking to one
 * another. Leave the files alone while they are read, or until a run that is to be resumed is done.
 * Standard input is read from its beginning whenever a run is resumed, and refused with
 * MILLRACE_STATE_MISMATCH where it begins otherwise than before.
 * Opening throws MILLRACE_NOT_FOUND and MILLRACE_IO, reading MILLRACE_DECODE where compressed data is
 * damaged; what is wrong with a record is reported as malformed.
 */
export function fileSource(options: FileSourceOptions): Source {
  const { name, splits = "one" } = options;
  if (splits !== "one" && splits !== "file") throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `splits is ${JSON.stringify(splits)}; give "one" or "file"`);
  const paths = typeof options.path === "string" ? [options.path] : [...options.path];
  const parallel = paths[0] !== STANDARD_INPUT_PATH;
  const find = (): readonly FileSplit[] => {
    const files = findFiles(paths);
    const chunkBytes = options.chunkBytes ?? (splits === "file" ? sharedChunk(files.length) : DEFAULT_CHUNK);
    return splits === "one" ? [{ id: `${paths.join(",")}#${chunkBytes}`, files, chunkBytes }] : files.map((file) => ({ id: `${file.path}#${chunkBytes}`, files: [file], chunkBytes }));
  };
  const read = readOptions(name, options);
  /** As they were found last, so that a glob is not searched again for each of its files. */
  let known: Map<string, FileSplit> | undefined;
  return {
    name,
    splits: async (): Promise<readonly SplitDescription[]> => {
      known = new Map();
      for (const split of find()) {
        if (known.has(split.id)) throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `the file ${split.files[0].path} is named twice, and cannot be two splits; name it once`);
        known.set(split.id, split);
      }
      return [...known.values()].map((split) => describe(split, parallel));
    },
    open: async (open: OpenSplit): Promise<SplitReader> => {
      known ??= new Map(find().map((split) => [split.id, split]));
      const split = known.get(open.split);
      if (split === undefined) throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `has no split ${open.split}, only ${[...known.keys()].join(", ")}`);
      if (!parallel && open.lanes !== 1) {
        throw new MillraceError("MILLRACE_USAGE", `source ${name}`, "standard input is read by one lane only");
      }
      const all = { ...read, chunkBytes: split.chunkBytes };
      if (parallel || open.journal === undefined) return new FileReader(split.files, all, open);
      const input = await rememberedInput(openStandardInput(read.compression), open.journal);
      return new FileReader(split.files, all, open, input);
    },
  };
}

/** Files that are read one after the other. */
interface FileSplit {
  readonly id: string;
  readonly files: readonly InputFile[];
  readonly chunkBytes: number;
}

function describe({ id, files }: FileSplit, parallel: boolean): SplitDescription {
  const sizes = files.map(({ bytes }) => bytes).filter((bytes) => bytes !== undefined);
  return sizes.length < files.length ? { id, parallel } : { id, parallel, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}

/** Files that are read side by side have a chunk or two each in memory. */
function sharedChunk(files: number): number {
  return Math.max(LEAST_SHARED_CHUNK, Math.min(DEFAULT_CHUNK, Math.floor(SHARED_CHUNKS / Math.max(1, files))));
}

const SHARED_CHUNKS = 32 * 1024 * 1024;
const LEAST_SHARED_CHUNK = 64 * 1024;
