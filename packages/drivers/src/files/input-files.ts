import * as fs from "node:fs";
import type { Stats } from "node:fs";
import { MillraceError } from "@millrace/core";
import type { RecordFormat } from "@millrace/core/internal";
import { compressionOf, firstBytes } from "./byte-input.ts";
import { codeOf, damagedError, ioError, usageError } from "./file-errors.ts";
import type { Compression } from "./read-options.ts";

/** What stands for standard input among paths. */
export const STANDARD_INPUT_PATH = "-";

export interface InputFile {
  readonly path: string;
  /** Size as it is stored; undefined for standard input. */
  readonly bytes: number | undefined;
}

/**
 * The files that paths and globs name: in the order given, those of a glob in name order (by UTF-16
 * code units). A path that exists is taken as it is, whatever characters it has. Throws
 * MILLRACE_NOT_FOUND where there is no such file or no match, MILLRACE_IO for a folder, a pipe or a device.
 */
export function findFiles(paths: readonly string[]): readonly InputFile[] {
  if (paths.length === 0) throw new MillraceError("MILLRACE_USAGE", "file source", "has no paths; give at least one");
  if (paths.includes(STANDARD_INPUT_PATH)) {
    if (paths.length > 1) throw usageError("standard input", "cannot be read together with other files; give it a source of its own");
    return [{ path: STANDARD_INPUT_PATH, bytes: undefined }];
  }
  return paths.flatMap((path) => {
    const stat = statOf(path);
    if (stat !== undefined) return [fileOf(path, stat)];
    const matches = GLOB_CHARACTERS.test(path) ? fs.globSync(path).sort() : [];
    const files = matches.flatMap((match) => {
      const found = statOf(match);
      return found?.isFile() === true ? [fileOf(match, found)] : [];
    });
    if (files.length > 0) return files;
    if (!GLOB_CHARACTERS.test(path)) throw ioError(path, Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" }));
    throw new MillraceError("MILLRACE_NOT_FOUND", `file ${path}`, `no file matches this glob (from ${process.cwd()}); check the pattern`);
  });
}

/** The format a file's name tells; throws MILLRACE_USAGE where it tells none. Standard input is NDJSON. */
export function formatOf(path: string): { readonly format: RecordFormat; readonly delimiter: string } {
  if (path === STANDARD_INPUT_PATH) return { format: "ndjson", delimiter: "," };
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (/\.(ndjson|jsonl|ldjson)$/.test(name)) return { format: "ndjson", delimiter: "," };
  if (name.endsWith(".csv")) return { format: "csv", delimiter: "," };
  if (name.endsWith(".tsv")) return { format: "csv", delimiter: "\t" };
  if (name.endsWith(".json")) {
    throw usageError(path, `its name does not tell whether each line is a record: if so, set \`format\` (--format) to "ndjson"; one array of all records becomes lines by: jq -c '.[]' FILE.json > FILE.ndjson`);
  }
  throw usageError(path, 'its name does not tell its format; set `format` (--format) to "ndjson" or "csv"');
}

/**
 * How a file is compressed, by its first bytes. Throws MILLRACE_DECODE where its name says that it is
 * compressed and its bytes do not, or where it has none.
 */
export async function detectCompression(path: string): Promise<Compression> {
  const found = compressionOf(await firstBytes(path));
  const named = /\.gz$/i.test(path) ? "gzip" : /\.zst$/i.test(path) ? "zstd" : "none";
  if (found === "none" && named !== "none") throw damagedError(path, named, new Error(`it does not start as ${named} does`));
  return found;
}

const GLOB_CHARACTERS = /[*?[\]{}]/;

function statOf(path: string): Stats | undefined {
  try {
    return fs.statSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw ioError(path, error);
  }
}

function fileOf(path: string, stat: Stats): InputFile {
  if (stat.isDirectory()) throw ioError(path, Object.assign(new Error(`EISDIR: ${path}`), { code: "EISDIR" }));
  if (!stat.isFile()) throw ioError(path, undefined, `is a pipe or a device, and would be read as an empty file; read it from standard input instead ("-", with < ${path})`);
  return { path, bytes: stat.size };
}
