import { MillraceError } from "@millrace/core";

/** What the system said about a path, as an error that names the path and what to do about it. */
export function ioError(path: string, cause: unknown, message?: string): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const code = codeOf(cause);
  if (message === undefined && (code === "ENOENT" || code === "ENOTDIR")) {
    return new MillraceError("MILLRACE_NOT_FOUND", subject(path), `there is no such file (from ${process.cwd()}); check the path`, { cause });
  }
  const said = message ?? REMEDIES[code ?? ""] ?? `reading or writing failed: ${cause instanceof Error ? cause.message : String(cause)}; check the path and the disk`;
  return new MillraceError("MILLRACE_IO", subject(path), said, { cause, retryable: code !== undefined && PASSING.has(code) });
}

/** Compressed bytes that do not decompress; an error of reading them passes through. */
export function damagedError(path: string, compression: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError(
    "MILLRACE_DECODE",
    subject(path),
    `its ${compression} data is damaged or cut short (${said}); copy or download it again, or set \`compression\` if it is something else`,
    { cause },
  );
}

export function usageError(path: string, message: string): MillraceError {
  return new MillraceError("MILLRACE_USAGE", subject(path), message);
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "may not be read or written by this user; change its permissions or run as another user",
  EPERM: "may not be read or written by this user; change its permissions or run as another user",
  EISDIR: "is a folder; name a file, or a glob such as FOLDER/*.ndjson",
  EMFILE: "could not be opened: too many open files; raise the limit (ulimit -n)",
  ENOSPC: "the disk is full; free some space",
  EROFS: "the file system is read-only; choose another place",
};
const PASSING = new Set(["EMFILE", "ENFILE", "EAGAIN", "EBUSY", "EIO"]);

function subject(path: string): string {
  return path === "standard input" || path === "standard output" ? path : `file ${path}`;
}
