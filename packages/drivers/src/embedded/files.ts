import { closeSync, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, rmSync, unlink, writevSync } from "node:fs";

/**
 * The file operations that the log needs, so that a test can make them fail. Synchronous but for the
 * two named `later`: reads and writes meet the page cache, where a round trip through the thread pool costs
 * more than the call (measured: docs/decisions/0002-embedded-store.md).
 */
export interface LogFiles {
  list(directory: string): string[];
  makeDirectory(path: string): void;
  open(path: string, flags: "r" | "r+" | "wx+"): number;
  size(file: number): number;
  /** Fills `target` from `position`; fewer bytes only at the end of the file. */
  read(file: number, target: Uint8Array, position: number): number;
  /** Writes all pieces at `position`. A failure may leave any part of them written. */
  write(file: number, pieces: readonly Uint8Array[], position: number): void;
  truncate(file: number, size: number): void;
  sync(file: number): void;
  syncLater(file: number): Promise<void>;
  syncDirectory(path: string): void;
  close(file: number): void;
  remove(path: string): void;
  /** Removes a file off this thread (64 MiB take milliseconds); one that stays is removed by the next opening. */
  removeLater(path: string): void;
}

export const nodeFiles: LogFiles = {
  list: (directory) => readdirSync(directory),
  makeDirectory: (path) => void mkdirSync(path, { recursive: true }),
  open: (path, flags) => openSync(path, flags),
  size: (file) => fstatSync(file).size,
  read(file, target, position) {
    let done = 0;
    while (done < target.length) {
      const count = readSync(file, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  },
  write(file, pieces, position) {
    let rest = pieces.filter(({ length }) => length > 0);
    let at = position;
    while (rest.length > 0) {
      const count = writevSync(file, rest, at);
      at += count;
      rest = dropBytes(rest, count);
    }
  },
  truncate: (file, size) => ftruncateSync(file, size),
  sync: (file) => fdatasyncSync(file),
  syncLater: (file) => new Promise((resolve, reject) => fdatasync(file, (error) => (error === null ? resolve() : reject(error)))),
  syncDirectory(path) {
    if (process.platform === "win32") return; // Windows cannot open folders.
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
  close: (file) => closeSync(file),
  remove: (path) => rmSync(path, { force: true }),
  removeLater: (path) => unlink(path, () => {}),
};

function dropBytes(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  for (let i = 0; i < pieces.length; i++) {
    if (left < pieces[i].length) return [pieces[i].subarray(left), ...pieces.slice(i + 1)];
    left -= pieces[i].length;
  }
  return [];
}
