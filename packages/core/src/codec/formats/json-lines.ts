import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Rows } from "../../contracts/batch.ts";
import { MillraceError } from "../../errors.ts";
import { decodeUtf8 } from "../utf8.ts";
import { MAX_DEPTH, NOT_UTF8, skipSpace, skipValue } from "./json-scan.ts";
import { jsonFault, jsonReason, NOT_AN_OBJECT } from "./malformed.ts";
import type { Malformed } from "./malformed.ts";
import { ObjectRows } from "./struct-rows.ts";
import { isUtf8 } from "./utf8-scan.ts";

/** Lines parsed to objects. */
export interface ParsedLines {
  readonly rows: ObjectRows;
  /** Where each row's line begins in the chunk. */
  readonly offsets: Float64Array;
  readonly malformed: readonly Malformed[];
}

/**
 * NDJSON without declared fields: each line of `chunk[start, end)` by JSON.parse. The same lines are
 * malformed as for `createNdjsonDecoder`: what is not an object, broken UTF-8, lone surrogates, more
 * than 1,000 levels. The last line feed may be missing.
 */
export function parseJsonLines(chunk: Uint8Array, start: number, end: number): ParsedLines {
  const values: unknown[] = [];
  const offsets: number[] = [];
  const malformed: Malformed[] = [];
  // In ASCII, offsets of bytes and characters are the same, and one decoding serves all lines.
  const ascii = isAscii(chunk, start, end);
  const whole = ascii ? decodeUtf8(chunk, start, end) : "";
  for (let i = start, line = 0; i < end; line++) {
    const found = chunk.indexOf(LF, i);
    const lineEnd = found < 0 || found >= end ? end : found;
    const last = lineEnd > i && chunk[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (isBlank(chunk, i, last)) {
      i = lineEnd + 1;
      continue;
    }
    const text = ascii ? whole.slice(i - start, last - start) : decodeUtf8(chunk, i, last);
    let value: unknown;
    let reason = ascii || isUtf8(chunk, i, last) ? undefined : jsonFault(NOT_UTF8);
    if (reason === undefined) {
      try {
        value = JSON.parse(text);
        if (typeof value !== "object" || value === null || Array.isArray(value)) reason = NOT_AN_OBJECT;
        else reason = hiddenFault(chunk, i, last, text);
      } catch {
        reason = jsonReason(text);
      }
    }
    if (reason === undefined) {
      values.push(value);
      offsets.push(i);
    } else {
      malformed.push({ line, start: i, end: last, reason });
    }
    i = lineEnd + 1;
  }
  return { rows: new ObjectRows(values), offsets: Float64Array.from(offsets), malformed };
}

/** A row that its schema refused. */
export interface InvalidRow {
  readonly row: number;
  /** The schema's issues, each with its path. */
  readonly reason: string;
}

/** What a schema made of rows: its output values, and for each the row that it came from. */
export interface ValidatedRows {
  readonly rows: ObjectRows;
  readonly sources: Int32Array;
  readonly invalid: readonly InvalidRow[];
}

/**
 * Runs a Standard Schema's `validate` on every row. Throws MILLRACE_SCHEMA where the schema is
 * asynchronous: sources take schemas that answer at once.
 */
export function validateRows(schema: StandardSchemaV1, rows: Rows): ValidatedRows {
  const standard = schema["~standard"];
  const values: unknown[] = [];
  const sources = new Int32Array(rows.length);
  const invalid: InvalidRow[] = [];
  for (let row = 0; row < rows.length; row++) {
    const result = standard.validate(rows.get(row));
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new MillraceError(
        "MILLRACE_SCHEMA",
        `schema of ${standard.vendor}`,
        "asynchronous schemas are not supported on sources; validate with a synchronous schema and do the rest in mapAsync",
      );
    }
    if (result.issues) {
      invalid.push({ row, reason: issuesText(result.issues) });
    } else {
      sources[values.length] = row;
      values.push(result.value);
    }
  }
  return { rows: new ObjectRows(values), sources: sources.subarray(0, values.length), invalid };
}

/** Issues as one line, such as `speed: must be positive; id: is missing`; at most five of them. */
export function issuesText(issues: readonly StandardSchemaV1.Issue[]): string {
  const texts = issues.slice(0, MAX_ISSUES).map(({ message, path }) => {
    const keys = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
    return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
  });
  if (issues.length > MAX_ISSUES) texts.push(`and ${issues.length - MAX_ISSUES} more`);
  return texts.length === 0 ? "refused without a reason" : texts.join("; ");
}

const LF = 10, CR = 13;
const MAX_ISSUES = 5;

/** Looks for what JSON.parse lets pass, where there can be any: half a surrogate pair, or too many levels. */
function hiddenFault(chunk: Uint8Array, start: number, end: number, text: string): string | undefined {
  if (text.length <= MAX_DEPTH && !SURROGATE_ESCAPE.test(text)) return undefined;
  const line = new Uint8Array(end - start + 1);
  line.set(chunk.subarray(start, end));
  line[end - start] = LF;
  return jsonFault(skipValue(line, skipSpace(line, 0), new Uint8Array(MAX_DEPTH), 0));
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let i = start; i < end; i++) all |= bytes[i];
  return all < 0x80;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = bytes[i];
    if (c !== 32 && c !== 9 && c !== CR) return false;
  }
  return true;
}
