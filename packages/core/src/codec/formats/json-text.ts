import { MillraceError } from "../../errors.ts";

/**
 * A value as JSON text. Beyond what JSON.stringify does (Dates as ISO 8601, NaN and Infinity as null,
 * -0 as 0, undefined and functions left out): a bigint is a string, a Map an array of [key, value], a
 * Set and a typed array an array. Throws MILLRACE_SCHEMA for a value that has no JSON text, or is
 * nested deeper than 1,000 levels (or in itself).
 */
export function jsonText(value: unknown): string {
  const text: string | undefined = JSON.stringify(isPlain(value, 0) ? value : toPlain(value, 0));
  if (text === undefined) throw new MillraceError("MILLRACE_SCHEMA", `value of type ${typeof value}`, "it has no JSON text; write objects, arrays, strings, numbers, booleans or null");
  return text;
}

const MAX_DEPTH = 1000;

/** Whether JSON.stringify alone gives the right text. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "bigint";
  if (depth > MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth + 1)) return false;
    return true;
  }
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return false;
  if (value instanceof Date) return true;
  if ("toJSON" in value) return false;
  const row = value as Record<string, unknown>;
  for (const name in row) if (!isPlain(row[name], depth + 1)) return false;
  return true;
}

function toPlain(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth > MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return Array.from(value, (item: unknown) => toPlain(item, depth + 1));
  if (value instanceof DataView) return toPlain(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), depth);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, (item) => toPlain(item, depth + 1));
  if ("toJSON" in value && typeof value.toJSON === "function") return toPlain((value.toJSON as () => unknown)(), depth + 1);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toPlain(item, depth + 1)]));
}

function tooDeep(): MillraceError {
  return new MillraceError("MILLRACE_SCHEMA", "value to write as JSON", `is nested deeper than ${MAX_DEPTH} levels, or contains itself; write a flatter value`);
}
