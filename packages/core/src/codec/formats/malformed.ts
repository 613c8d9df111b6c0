import type { Field, FieldType } from "../../contracts/columns.ts";
import { LONE_SURROGATE, MAX_DEPTH, NOT_UTF8, TOO_DEEP } from "./json-scan.ts";

/** A record that could not be decoded: it is in no column, and the rest of its chunk is not affected. */
export interface Malformed {
  /** Line feeds between the start of the decoded bytes and the record. */
  readonly line: number;
  /** The record's bytes, without its line end, as offsets in the chunk. */
  readonly start: number;
  readonly end: number;
  /** What is wrong with which field, or with the whole record. */
  readonly reason: string;
}

/** Why a field's value was refused. */
export const MISSING = 1;
export const WRONG_TYPE = 2;
export const OUT_OF_RANGE = 3;

/** The reason text for a field; the same words whichever format the value came from. */
export function fieldReason(field: Field, cause: number): string {
  const name = JSON.stringify(field.name);
  if (cause === MISSING) return `field ${name} is missing`;
  if (cause === OUT_OF_RANGE) return `field ${name} is out of the range of ${NOUNS[field.type]}`;
  return `field ${name} is not ${NOUNS[field.type]}`;
}

export const NOT_AN_OBJECT = "not a JSON object";

/** The reason text for a scanner's code beside NOT_JSON; undefined for any other number. */
export function jsonFault(code: number): string | undefined {
  switch (code) {
    case NOT_UTF8:
      return "not well-formed UTF-8";
    case LONE_SURROGATE:
      return "a string escapes half a surrogate pair";
    case TOO_DEEP:
      return `nested deeper than ${MAX_DEPTH} levels`;
    default:
      return undefined;
  }
}

/** Why a line is not a JSON object, in JSON.parse's words. */
export function jsonReason(line: string): string {
  try {
    JSON.parse(line);
    return NOT_AN_OBJECT;
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const NOUNS: Readonly<Record<FieldType, string>> = {
  number: "a number",
  integer: "a safe integer",
  string: "a string",
  boolean: "a boolean",
  timestamp: "a timestamp (ISO 8601 or epoch milliseconds)",
  json: "JSON",
};
