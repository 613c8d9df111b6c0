import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import type { BigIntStats, Dirent } from "node:fs";
import { mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MillraceError } from "@millrace/core";
import type { Bucket, BucketObject } from "@millrace/core/internal";
import { codeOf, ioError } from "./file-errors.ts";

/**
 * A bucket in a folder, which is made when it is first put to: an object is a file, a "/" in its name a
 * folder. Puts are atomic by a temporary file and a rename. Names starting with a dot in any segment,
 * "..", empty segments and backslashes are refused (MILLRACE_USAGE), so that no name leads out of the
 * folder; files with such names are not objects. Links are followed: whoever may write to the folder is trusted.
 */
export function fileBucket(directory: string): Bucket {
  const pathOf = (name: string): string => join(directory, checkedName(name));
  return {
    put: async (name, content) => {
      const path = pathOf(name);
      const temporary = join(dirname(path), `${TEMPORARY}${randomUUID()}`);
      try {
        await writeWhole(temporary, content);
        // What the object is, before others may replace it.
        const object = objectOf(name, await stat(temporary, { bigint: true }));
        await rename(temporary, path);
        return object;
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw ["EEXIST", "ENOTDIR", "EISDIR", "ENOTEMPTY"].includes(codeOf(error) ?? "")
          ? ioError(path, error, `cannot be both an object and a folder of objects (${name}); choose another name`)
          : ioError(path, error);
      }
    },
    get: async (name) => {
      const path = pathOf(name);
      try {
        const file = await open(path, "r");
        if (!(await file.stat()).isFile()) {
          await file.close();
          throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
        }
        return createReadStream(path, { fd: file, highWaterMark: PIECE });
      } catch (error) {
        throw ioError(path, error);
      }
    },
    head: async (name) => {
      const found = await statOf(pathOf(name));
      return found?.isFile() ? objectOf(name, found) : undefined;
    },
    list: (prefix = "") => list(directory, prefix),
    delete: async (name) => {
      const path = pathOf(name);
      try {
        await rm(path);
      } catch (error) {
        if (!isAbsent(error) && codeOf(error) !== "ERR_FS_EISDIR") throw ioError(path, error);
        return;
      }
      await removeEmptyFolders(name, directory);
    },
  };
}

/** The objects under a folder whose names start with `prefix`, in name order; none where there is no folder. */
async function* list(directory: string, prefix: string): AsyncGenerator<BucketObject, void, void> {
  yield* listFolder(directory, prefix.slice(0, prefix.lastIndexOf("/") + 1), prefix);
}

/** `base` is the folder's name in the bucket: empty, or ending in "/". */
async function* listFolder(directory: string, base: string, prefix: string): AsyncGenerator<BucketObject, void, void> {
  if (base !== "" && !isName(base.slice(0, -1))) return;
  let entries: Dirent[];
  try {
    entries = await readdir(join(directory, base), { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return;
    throw ioError(join(directory, base), error);
  }
  const names = entries.filter((entry) => isName(entry.name)).map((entry) => base + entry.name + (entry.isDirectory() ? "/" : ""));
  for (const name of names.sort()) {
    if (!name.startsWith(prefix) && !prefix.startsWith(name)) continue;
    if (name.endsWith("/")) {
      yield* listFolder(directory, name, prefix);
    } else if (name.startsWith(prefix)) {
      const found = await statOf(join(directory, name));
      if (found?.isFile()) yield objectOf(name, found);
    }
  }
}

const TEMPORARY = ".millrace-put-";
const PIECE = 256 * 1024;
const LONGEST_NAME = 1024;

function checkedName(name: string): string {
  if (isName(name)) return name;
  throw new MillraceError(
    "MILLRACE_USAGE",
    `object ${JSON.stringify(name)}`,
    `is no name of an object; use segments divided by "/", none empty or starting with a dot, without backslash and control characters, at most ${LONGEST_NAME} characters`,
  );
}

function isName(name: string): boolean {
  if (name === "" || name.length > LONGEST_NAME || name.includes("\\") || hasControl(name)) return false;
  return name.split("/").every((segment) => segment !== "" && !segment.startsWith("."));
}

function hasControl(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) < 32) return true;
  return false;
}

async function writeWhole(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(dirname(path), { recursive: true });
    try {
      const file = await open(path, "wx");
      try {
        await file.writeFile(content);
      } finally {
        await file.close();
      }
      return;
    } catch (error) {
      // The last object of the folder may just have been deleted, and the folder with it.
      if (codeOf(error) !== "ENOENT" || attempt === 3) throw error;
    }
  }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw ioError(path, error);
  }
}

function objectOf(name: string, found: BigIntStats): BucketObject {
  return { name, bytes: Number(found.size), modified: Number(found.mtimeNs / 1_000_000n), etag: `${found.size.toString(36)}-${found.mtimeNs.toString(36)}` };
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

async function removeEmptyFolders(name: string, directory: string): Promise<void> {
  for (let folder = dirname(name); folder !== "."; folder = dirname(folder)) {
    try {
      await rmdir(join(directory, folder));
    } catch {
      return;
    }
  }
}
