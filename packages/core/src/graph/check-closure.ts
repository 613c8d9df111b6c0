import { MillraceError } from "../errors.ts";

/** Throws MILLRACE_USAGE unless the value is a function whose result is there when it returns. */
export function checkClosure(value: unknown, where: string): void {
  if (typeof value !== "function") throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(value)}; give it a function, such as (value) => value.FIELD`);
  if (Object.prototype.toString.call(value) !== "[object AsyncFunction]") return;
  throw new MillraceError("MILLRACE_USAGE", where, "got an async function, whose promise can be neither stored nor judged; call it in mapAsync((value) => …) before, or make it synchronous");
}

/** A value of a wrong kind, for a message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `the text ${JSON.stringify(value)}`;
  return value === null || value === undefined ? String(value) : Array.isArray(value) ? "an array" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
