import { MillraceError } from "../../errors.ts";

/** Formats whose records a reader can tell apart without decoding them. */
export type RecordFormat = "ndjson" | "csv";

/** The bytes that mean something in a CSV file. */
export interface CsvBytes {
  readonly delimiter: number;
  readonly quote: number;
}

export const COMMA_AND_QUOTE: CsvBytes = { delimiter: 44, quote: 34 };

/**
 * The offset after the last whole record of `bytes[start, end)`, or `start` where none ends there;
 * a record ends after its line feed. `start` is the start of a record, or lies within a quoted field
 * of a CSV record if `inQuotes`. What is left over is to be given again with the bytes that follow.
 * A CSV block without any quote costs no more than finding its last line feed.
 */
export function lastRecordEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  format: RecordFormat,
  inQuotes = false,
  csv: CsvBytes = COMMA_AND_QUOTE,
): number {
  const block = bytes.subarray(start, end);
  if (format === "ndjson" || (!inQuotes && !block.includes(csv.quote))) return start + block.lastIndexOf(LF) + 1;
  let last = 0;
  let quoted = inQuotes;
  for (;;) {
    const next = csvRecordEnd(block, last, block.length, csv, quoted);
    if (next < 0) return start + last;
    last = next;
    quoted = false;
  }
}

/**
 * The offset after the line feed that ends the CSV record at `start`, or -1 where it does not end
 * before `end`. A quote opens a quoted field only where a field begins, so that a stray quote spoils
 * its own record and no other. `inQuotes`: `start` lies within a quoted field.
 */
export function csvRecordEnd(bytes: Uint8Array, start: number, end: number, csv: CsvBytes = COMMA_AND_QUOTE, inQuotes = false): number {
  const { delimiter, quote } = csv;
  let i = start;
  let quoted = inQuotes;
  if (!quoted && i < end && bytes[i] === quote) {
    quoted = true;
    i++;
  }
  while (i < end) {
    const c = bytes[i++];
    if (quoted) {
      if (c !== quote) continue;
      if (i < end && bytes[i] === quote) i++;
      else quoted = false;
    } else if (c === LF) {
      return i;
    } else if (c === delimiter && i < end && bytes[i] === quote) {
      quoted = true;
      i++;
    }
  }
  return -1;
}

/** How many line feeds `bytes[start, end)` holds. */
export function countLines(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (bytes[i] === LF) count++;
  return count;
}

/** 3 where the bytes begin with a UTF-8 byte order mark, else 0. */
export function byteOrderMarkLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** The bytes of a dialect given as characters; throws MILLRACE_USAGE where they cannot work. */
export function csvBytes(delimiter = ",", quote = '"'): CsvBytes {
  const csv = { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) };
  const fit = (text: string, code: number): boolean => code < 128 && code !== LF && code !== 13 && !/^(?:..|[-+.:0-9a-z]|$)/isu.test(text);
  if (!fit(delimiter, csv.delimiter) || !fit(quote, csv.quote) || delimiter === quote) {
    throw new MillraceError(
      "MILLRACE_USAGE",
      "csv format",
      `delimiter ${JSON.stringify(delimiter)} and quote ${JSON.stringify(quote)} must be two different ASCII characters that no number or time has, and no line ends`,
    );
  }
  return csv;
}

const LF = 10;
