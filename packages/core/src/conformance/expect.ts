import { MillraceError, type ErrorCode } from "../errors.ts";

/** A conformance test failed: the driver does not do what its contract says. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
}

export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ConformanceError(message);
}

/** Compares by structure: plain objects, arrays, maps and bytes. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) throw new ConformanceError(`${what}: got ${show(actual)}, expected ${show(expected)}`);
}

export async function expectRejects(promise: Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MillraceError && error.code === code) return;
    throw new ConformanceError(`${what}: expected an error with code ${code}, got ${String(error)}`, { cause: error });
  }
  throw new ConformanceError(`${what}: expected an error with code ${code}, got a result`);
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b);
  if (a instanceof Map && b instanceof Map) return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)));
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, i) => same(value, b[i]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array) && !(value instanceof Map);
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown): unknown => {
    if (part instanceof Uint8Array) return `${part.length} bytes [${part.subarray(0, 8).join(" ")} ...]`;
    if (part instanceof Map) return [...part];
    return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
  });
  return text === undefined ? String(value) : text.slice(0, 400);
}
