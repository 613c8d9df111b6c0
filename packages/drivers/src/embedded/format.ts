import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MillraceError } from "@millrace/core";
import { FORMAT_VERSION } from "./layout.ts";
import { corrupt } from "./store-errors.ts";

const FORMAT = "millrace-embedded";

/**
 * Checks the folder's `format.json`, or writes it into a folder that has no log yet. Throws
 * MILLRACE_STORE_VERSION for another version, MILLRACE_STORE_CORRUPT where it is missing or unreadable.
 */
export function checkFormat(directory: string, hasSegments: boolean): void {
  const path = join(directory, "format.json");
  if (!existsSync(path)) {
    if (hasSegments) throw corrupt(path, 0, "the file is missing, but there is a log.");
    writeFileSync(`${path}.new`, `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION })}\n`, { flush: true });
    renameSync(`${path}.new`, path);
    return;
  }
  const found = parse(readFileSync(path, "utf8"));
  if (found?.format !== FORMAT) throw corrupt(path, 0, `it does not describe a ${FORMAT} store.`);
  if (found.version === FORMAT_VERSION) return;
  const message =
    `it was written in format version ${String(found.version)}, this release reads and writes version ${FORMAT_VERSION}. ` +
    "Open it with the release that wrote it, or start with an empty folder and read the sources again.";
  throw new MillraceError("MILLRACE_STORE_VERSION", `store ${directory}`, message);
}

function parse(text: string): { format?: unknown; version?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
