import { MillraceError } from "@millrace/core";
import { fieldsOf } from "@millrace/core/internal";
import type { OpenSplit, RecordFormat, Source, SplitDescription, SplitReader, StandardSchemaV1 } from "@millrace/core/internal";
import { FileReader } from "./file-reader.ts";
import type { ReadOptions } from "./file-reader.ts";
import type { Compression } from "./inflate.ts";
import { findFiles, STANDARD_INPUT_PATH } from "./input-files.ts";

/** How records are read from files and objects. */
export interface RecordOptions {
  /** Default: by the name's end (.ndjson, .jsonl, .csv, .tsv, before .gz or .zst); NDJSON on standard input. */
  readonly format?: RecordFormat;
  /** Default: by each file's first bytes. */
  readonly compression?: Compression;
  /** `fields({...})` decodes into columns, the fastest way; other schemas validate the decoded values. */
  readonly schema?: StandardSchemaV1;
  readonly csv?: {
    /** Default "," (a tab for .tsv). */
    readonly delimiter?: string;
    /** Default '"'. */
    readonly quote?: string;
    /** Names of the columns of files that have no header; default: each file's first line. */
    readonly header?: readonly string[];
  };
  /** How much input makes one chunk; default 1 MiB. Part of the progress' identity: keep it while a run is to be resumed. */
  readonly chunkBytes?: number;
  /** A longer record is malformed, and at most its first 1 KiB is kept. Default 16 MiB, at least `chunkBytes`. */
  readonly maxRecordBytes?: number;
}

export interface FileSourceOptions extends RecordOptions {
  readonly name: string;
  /** A path, a glob (its files in name order), several of them in the order given, or "-" for standard input. */
  readonly path: string | readonly string[];
}

/**
 * A bounded source of records in NDJSON or CSV files, plain or compressed (gzip, zstd). All files
 * together are one split: chunks are numbered over them, and depend on the files' content and
 * `chunkBytes` only, so that lanes read disjoint chunks without talking to one another. Leave the files
 * alone while they are read, or until a run that is to be resumed is done. Opening throws
 * MILLRACE_NOT_FOUND and MILLRACE_IO, reading MILLRACE_DECODE where compressed data is damaged; what is
 * wrong with a record is reported as malformed.
 */
export function fileSource(options: FileSourceOptions): Source {
  const { name } = options;
  const paths = typeof options.path === "string" ? [options.path] : [...options.path];
  const read = readOptions(name, options);
  const split = `${paths.join(",")}#${read.chunkBytes}`;
  return {
    name,
    splits: async (): Promise<readonly SplitDescription[]> => {
      const sizes = findFiles(paths).map((file) => file.bytes);
      const known = sizes.filter((bytes) => bytes !== undefined);
      const parallel = paths[0] !== STANDARD_INPUT_PATH;
      return [known.length < sizes.length ? { id: split, parallel } : { id: split, parallel, bytes: known.reduce((sum, bytes) => sum + bytes, 0) }];
    },
    open: async (open: OpenSplit): Promise<SplitReader> => {
      if (open.split !== split) throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `has no split ${open.split}, only ${split}`);
      if (paths[0] === STANDARD_INPUT_PATH && open.lanes !== 1) {
        throw new MillraceError("MILLRACE_USAGE", `source ${name}`, "standard input is read by one lane only");
      }
      return new FileReader(findFiles(paths), read, open);
    },
  };
}

const DEFAULT_CHUNK = 1024 * 1024;
const DEFAULT_MAX_RECORD = 16 * 1024 * 1024;
const LARGEST_CHUNK = 256 * 1024 * 1024;

/** Checks the options and fills in the defaults; throws MILLRACE_USAGE. */
export function readOptions(name: string, options: RecordOptions): ReadOptions {
  const chunkBytes = options.chunkBytes ?? DEFAULT_CHUNK;
  const maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD;
  for (const [option, bytes] of Object.entries({ chunkBytes, maxRecordBytes })) {
    if (Number.isSafeInteger(bytes) && bytes >= 1 && bytes <= LARGEST_CHUNK) continue;
    throw new MillraceError("MILLRACE_USAGE", `source ${name}`, `${option} is ${bytes}; give a whole number of bytes from 1 to ${LARGEST_CHUNK}`);
  }
  const { schema } = options;
  const fields = schema === undefined ? undefined : fieldsOf(schema);
  return {
    format: options.format,
    compression: options.compression,
    fields,
    validator: schema !== undefined && schema["~standard"].vendor !== "millrace" ? schema : undefined,
    csv: options.csv ?? {},
    chunkBytes,
    maxRecordBytes,
  };
}
