import type { Key, Scalar } from "@millrace/core";

/**
 * A key as it stands in addresses: a string itself, any other key as JSON, a bigint with an n behind
 * it; a string that would read as one of those, and the empty one, in quotes.
 */
export function keyText(key: Key): string {
  if (typeof key === "string") return key === "" || typeof parsed(key) !== "undefined" ? JSON.stringify(key) : key;
  return typeof key === "bigint" ? `${key}n` : JSON.stringify(key, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}

/** The key that a text stands for. */
export function keyOf(text: string): Key {
  const key = parsed(text);
  return key === undefined ? text : key;
}

/** The keys that a person may have meant, the exact one first: `17` is a number, or else the text. */
export function keysOf(text: string): readonly Key[] {
  const key = keyOf(text);
  return key === text ? [text] : [key, text];
}

function parsed(text: string): Key | undefined {
  if (/^-?\d+n$/.test(text)) return BigInt(text.slice(0, -1));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (isScalar(value)) return value;
  return Array.isArray(value) && value.every(isScalar) ? value : undefined;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}
