import { MillraceError } from "@millrace/core";
import { fieldsOf } from "@millrace/core/internal";
import type { Field, RecordFormat, StandardSchemaV1 } from "@millrace/core/internal";

/** How the bytes of files and objects are compressed. */
export type Compression = "none" | "gzip" | "zstd";

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

/** How the files of a source are read. */
export interface ReadOptions {
  readonly format: RecordFormat | undefined;
  readonly compression: Compression | undefined;
  /** The fields to decode into columns; without them rows are objects. */
  readonly fields: readonly Field[] | undefined;
  /** Decoded rows are validated by it. */
  readonly validator: StandardSchemaV1 | undefined;
  readonly csv: { readonly delimiter?: string; readonly quote?: string; readonly header?: readonly string[] };
  readonly chunkBytes: number;
  readonly maxRecordBytes: number;
}

/** The size of a chunk where none is given, bytes. */
export const DEFAULT_CHUNK = 1024 * 1024;
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
