import type { Key, Scalar } from "../contracts/batch.ts";

const KINDS: readonly string[] = ["null", "boolean", "number", "bigint", "string", "tuple"];

/** Order of keys: by kind, then numbers by value, text by code point, tuples item by item. */
export function compareKeys(a: Key, b: Key): number {
  const kindA = kindOf(a);
  const kindB = kindOf(b);
  if (kindA !== kindB) return KINDS.indexOf(kindA) - KINDS.indexOf(kindB);
  if (!Array.isArray(a) || !Array.isArray(b)) return compareScalars(a as Scalar, b as Scalar);
  const tuples: [readonly Scalar[], readonly Scalar[]] = [a, b];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareKeys(tuples[0][i], tuples[1][i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Tells the rows of one window apart: by their key; without keys a window has one row. */
export function rowIdentity(row: Readonly<Record<string, unknown>>): string {
  return "key" in row ? keyText(row["key"] as Key) : "";
}

function keyText(key: Key): string {
  if (Array.isArray(key)) return JSON.stringify((key as readonly Scalar[]).map(keyText));
  return `${typeof key} ${String(key)}`;
}

function kindOf(key: Key): string {
  if (key === null) return "null";
  return Array.isArray(key) ? "tuple" : typeof key;
}

function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (a === b || a === null || b === null) return 0;
  return a < b ? -1 : 1;
}

/** By code point, which is also the order of the UTF-8 bytes. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogateX = x >= 0xd800 && x <= 0xdfff;
    const surrogateY = y >= 0xd800 && y <= 0xdfff;
    return surrogateX === surrogateY ? x - y : surrogateX ? 1 : -1;
  }
  return a.length - b.length;
}
