import { MillraceError } from "../errors.ts";

/** Throws MILLRACE_USAGE unless the value is a function whose result is there when it returns. */
export function checkClosure(value: unknown, where: string): void {
  if (typeof value !== "function") throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(value)}; give it a function, such as (value) => value.FIELD`);
  if (Object.prototype.toString.call(value) !== "[object AsyncFunction]") return;
  throw new MillraceError("MILLRACE_USAGE", where, "got an async function, whose promise can be neither stored nor judged; call it in mapAsync((value) => …) before, or make it synchronous");
}

/** Throws MILLRACE_USAGE unless the value is an aggregate: one of Millrace's, or one of `init`, `add`, `merge` and `result`. */
export function checkAggregate(value: unknown, where: string): void {
  if (typeof value !== "object" || value === null) {
    throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(value)}${typeof value === "function" ? "; call it, as in count()" : "; give it an aggregate, such as count() or mean((value) => value.FIELD)"}`);
  }
  if ("form" in value && value.form !== undefined) {
    if ("input" in value && value.input !== undefined) checkClosure(value.input, where);
    return;
  }
  for (const name of ["init", "add", "merge", "result"]) checkClosure((value as Readonly<Record<string, unknown>>)[name], `${where}: ${name}`);
}

/** A value of a wrong kind, for a message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `the text ${JSON.stringify(value)}`;
  return value === null || value === undefined ? String(value) : Array.isArray(value) ? "an array" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
