import { MillraceError } from "@millrace/core";
import { csvBytes, jsonText } from "@millrace/core/internal";
import type { Compression } from "./read-options.ts";
import { openOutput } from "./output-file.ts";
import type { OutputFile } from "./output-file.ts";

/** Writes rows to one file. */
export interface RowWriter {
  readonly path: string;
  /** How many rows have been written. */
  readonly rows: number;
  /** Adds a row; a promise where the file cannot take more yet: wait for it before the next row. */
  write(row: unknown): Promise<void> | undefined;
  /** Finishes the file: only now it appears under its name. Throws MILLRACE_IO. */
  close(): Promise<void>;
  /** Gives the file up; what was under its name stays as it was. */
  abort(): Promise<void>;
}

export interface WriterOptions {
  /** Default: by the name's end (.gz, .zst). */
  readonly compression?: Compression;
}

export interface CsvWriterOptions extends WriterOptions {
  /** Default: the names of the first row. */
  readonly columns?: readonly string[];
  /** Default `,`. */
  readonly delimiter?: string;
}

/**
 * Writes NDJSON, one row a line, to a file or ("-") standard output. Numbers that JSON lacks (NaN,
 * Infinity) are null, -0 is 0, a Date is ISO 8601 text, a bigint a string, a Map an array of
 * [key, value], a Set an array. Buffered; compressed by name; in place only when closed.
 */
export function createNdjsonWriter(path: string, options: WriterOptions = {}): RowWriter {
  return new LineWriter(path, openOutput(path, options.compression), (row) => `${jsonText(row)}\n`);
}

/**
 * Writes flat rows as CSV (RFC 4180, line feeds) under a header. null, undefined, NaN and Infinity are
 * empty fields, "" is `""`; Dates are ISO 8601 text; nested values are JSON text. A row that has a name
 * which is no column throws MILLRACE_SCHEMA; columns that it lacks are empty.
 */
export function createCsvWriter(path: string, options: CsvWriterOptions = {}): RowWriter {
  const delimiter = options.delimiter ?? ",";
  csvBytes(delimiter);
  const special = new RegExp(`["\\r\\n${delimiter === "\t" ? "\\t" : `\\${delimiter}`}]`);
  const header = options.columns === undefined ? undefined : csvHeader(options.columns, delimiter, special);
  let columns = options.columns;
  let known = new Set(columns);
  const output = openOutput(path, options.compression);
  const line = (row: unknown): string => {
    const values = flatRow(path, row);
    let head = "";
    if (columns === undefined) {
      columns = Object.keys(values);
      known = new Set(columns);
      head = csvHeader(columns, delimiter, special);
    }
    for (const name of Object.keys(values)) {
      if (!known.has(name)) throw new MillraceError("MILLRACE_SCHEMA", `file ${path}`, `a row has ${JSON.stringify(name)}, which is none of its columns (${columns.join(", ")}); name all columns by \`columns\``);
    }
    let text = "";
    for (let i = 0; i < columns.length; i++) text += (i === 0 ? "" : delimiter) + csvField(Object.hasOwn(values, columns[i]) ? values[columns[i]] : undefined, special);
    // An empty line would be no record to most readers.
    return `${head}${text === "" ? '""' : text}\n`;
  };
  if (header !== undefined) void output.write(header);
  return new LineWriter(path, output, line);
}

class LineWriter implements RowWriter {
  readonly path: string;
  rows = 0;
  readonly #output: OutputFile;
  readonly #line: (row: unknown) => string;

  constructor(path: string, output: OutputFile, line: (row: unknown) => string) {
    this.path = path;
    this.#output = output;
    this.#line = line;
  }

  write(row: unknown): Promise<void> | undefined {
    const line = this.#line(row);
    this.rows++;
    return this.#output.write(line);
  }

  close(): Promise<void> {
    return this.#output.close();
  }

  abort(): Promise<void> {
    return this.#output.abort();
  }
}

function flatRow(path: string, row: unknown): Record<string, unknown> {
  if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Record<string, unknown>;
  throw new MillraceError("MILLRACE_SCHEMA", `file ${path}`, `a row of CSV is an object of columns, not ${Array.isArray(row) ? "an array" : String(row)}; write objects, or NDJSON`);
}

function csvHeader(columns: readonly string[], delimiter: string, special: RegExp): string {
  return `${columns.map((name) => csvField(name, special)).join(delimiter)}\n`;
}

function csvField(value: unknown, special: RegExp): string {
  switch (typeof value) {
    case "string":
      return value === "" || special.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    case "number":
      return Number.isFinite(value) ? String(value === 0 ? 0 : value) : "";
    case "boolean":
    case "bigint":
      return String(value);
    case "undefined":
      return "";
    default: {
      if (value === null) return "";
      const text = jsonText(value);
      return csvField(value instanceof Date && text !== "null" ? text.slice(1, -1) : text === "null" ? null : text, special);
    }
  }
}
