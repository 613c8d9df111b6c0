import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { MillraceError } from "@millrace/core";

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the folder for this owner alone, in this process too; the kernel gives it back when the owner
 * ends, however it ends. Held by a listening local socket: on Linux an abstract one named after the
 * folder's device and inode, on Windows a named pipe, elsewhere a socket file in the folder that is
 * replaced when nobody answers on it. A lock by pid file would be fooled by reused pids and by two
 * owners in one process. Containers that share a volume but no network namespace are not told apart
 * on Linux. Throws MILLRACE_STORE_LOCKED, naming the owner's pid from the file `lock`.
 */
export async function lockFolder(directory: string, platform: NodeJS.Platform = process.platform): Promise<FolderLock> {
  const address = lockAddress(directory, platform);
  let server = await listen(address, directory);
  if (server === undefined && address.startsWith(directory) && (await clearAbandoned(address))) {
    server = await listen(address, directory);
  }
  if (server === undefined) throw locked(directory);
  const holder = server;
  holder.unref();
  try {
    writeFileSync(join(directory, "lock"), `${process.pid}\n`);
  } catch (error) {
    await closeServer(holder);
    throw error;
  }
  return { release: () => closeServer(holder) };
}

function lockAddress(directory: string, platform: NodeJS.Platform): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  const name = `millrace-${createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32)}`;
  if (platform === "linux" || platform === "android") return `\0${name}`;
  if (platform === "win32") return `\\\\.\\pipe\\${name}`;
  return join(directory, "lock.socket");
}

function listen(address: string, directory: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else {
        const message = `cannot make its lock, a local socket (${error.message}). Is the path too long, or are sockets forbidden here?`;
        reject(new MillraceError("MILLRACE_IO", `store ${directory}`, message, { cause: error }));
      }
    });
    server.listen({ path: address, exclusive: true }, () => resolve(server));
  });
}

/** Moves a socket file away that nobody answers on. Whoever answers on what was moved gets it back. */
async function clearAbandoned(address: string): Promise<boolean> {
  if (await answers(address)) return false;
  const aside = `${address}.${process.pid}`;
  try {
    renameSync(address, aside);
    if (await answers(aside)) {
      renameSync(aside, address);
      return false;
    }
    rmSync(aside, { force: true });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  return true;
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function locked(directory: string): MillraceError {
  const owner = ownerOf(directory);
  const who = owner === undefined ? "another owner" : owner === String(process.pid) ? `this process (pid ${owner})` : `process ${owner}`;
  const message = `${who} has it open. Stop that one first, or use another folder.`;
  return new MillraceError("MILLRACE_STORE_LOCKED", `store ${directory}`, message);
}

function ownerOf(directory: string): string | undefined {
  try {
    return /^\d+/.exec(readFileSync(join(directory, "lock"), "utf8"))?.[0];
  } catch {
    return undefined;
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
