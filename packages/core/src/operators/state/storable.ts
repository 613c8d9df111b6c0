import { ByteWriter } from "../../codec/bytes.ts";
import { encodeValue } from "../../codec/values.ts";

/** Throws MILLRACE_SCHEMA for what the commit could not write: the element fails, not the partition. */
export function checkStorable(value: unknown): void {
  if (isPlain(value, 0)) return;
  encodeValue(value, new ByteWriter());
}

/** Whether a value is plain data, told without writing it; false where only the codec can tell. */
function isPlain(value: unknown, depth: number): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value !== "object") return typeof value !== "function" && typeof value !== "symbol";
  if (depth > 16) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((field) => isPlain(field, depth + 1));
}
