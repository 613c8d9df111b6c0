import { MillraceError } from "@millrace/core";

/** Stored bytes are wrong; says where. */
export function corrupt(file: string, offset: number, what: string): MillraceError {
  const remedy = "Restore the data folder from a copy, or start with an empty one and read the sources again.";
  return new MillraceError("MILLRACE_STORE_CORRUPT", `store ${file}`, `at byte ${offset}: ${what} ${remedy}`);
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether an error of the file system says that there is no room. */
export function isFull(error: unknown): boolean {
  return isSystemError(error) && FULL.has(error.code);
}

/** Whether an error comes from the operating system rather than from a wrong argument or a bug. */
export function isSystemError(error: unknown): error is Error & { readonly code: string; readonly syscall: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

/** What to throw for a failure to open or to read. */
export function readFailure(directory: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  const message = `reading failed (${reason(cause)}). Check the disk and the folder's permissions.`;
  return new MillraceError("MILLRACE_IO", `store ${directory}`, message, { cause });
}

export function full(directory: string, cause: unknown): MillraceError {
  const message = "no room is left for a commit; nothing of it was stored. Free some disk space; the commit can then be tried again.";
  return new MillraceError("MILLRACE_STORE_FULL", `store ${directory}`, message, { cause, retryable: true });
}

export function unknownOutcome(directory: string, cause: unknown): MillraceError {
  const message = `a write failed (${reason(cause)}); the partition's root tells whether it was applied.`;
  return new MillraceError("MILLRACE_UNKNOWN_OUTCOME", `store ${directory}`, message, { cause, retryable: true });
}

export function broken(directory: string, cause: unknown): MillraceError {
  const message = `the log cannot be used since an earlier failure (${reason(cause)}). Check the disk, then open the folder again.`;
  return new MillraceError("MILLRACE_IO", `store ${directory}`, message, { cause });
}

export function closed(directory: string): MillraceError {
  return new MillraceError("MILLRACE_STOPPED", `store ${directory}`, "it was closed; open it again.");
}

export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
