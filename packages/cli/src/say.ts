import { MillraceError } from "@millrace/core";

/** Exit codes of the command. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Writes a line for a person: on standard error, so that standard output holds results only. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A mistake in how the command was called: exit code 2. */
export function usage(subject: string, message: string): MillraceError {
  return new MillraceError("MILLRACE_USAGE", subject, message);
}

/** What went wrong, for a person; the stack and the causes only with --debug. */
export function errorText(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `millrace: ${String(error)}`;
  const code = codeOf(error);
  const known = isMillraceError(error);
  const lines = [`millrace: ${error.message}${code === undefined ? "" : ` [${code}]`}`];
  if (debug) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) lines.push(cause.stack ?? cause.message);
  } else if (!known) {
    lines.push("  This was not foreseen; run it again with --debug to see where it happened.");
  }
  return lines.join("\n");
}

/** 2 where what was asked for is wrong (an option, a name, a file that is not there, a graph), else 1. */
export function exitCodeOf(error: unknown): number {
  return WRONG_USAGE.has(codeOf(error) ?? "") ? EXIT_USAGE : EXIT_FAILED;
}

/** A count as people read it: 827,265. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

const WRONG_USAGE: ReadonlySet<string> = new Set(["MILLRACE_USAGE", "MILLRACE_NOT_FOUND", "MILLRACE_GRAPH"]);

/** By its code: the error may come from another copy of the package. */
function isMillraceError(error: Error): boolean {
  return codeOf(error)?.startsWith("MILLRACE_") === true;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
