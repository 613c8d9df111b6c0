import type { LogFiles } from "../../src/embedded/files.ts";

interface Content {
  bytes: Uint8Array;
  size: number;
  /** What a power cut leaves for certain. */
  synced: Uint8Array;
}

const SECTOR = 512;

/** Files in memory that can fail, be damaged, and lose what was not synced. */
export class MemoryFiles implements LogFiles {
  #files = new Map<string, Content>();
  /** Names as a power cut leaves them for certain. */
  #syncedNames = new Map<string, Content>();
  readonly #open: (Content | undefined)[] = [];
  /** Called before each write; may throw, after which `partial` bytes of it are written. */
  onWrite: (() => { readonly error: Error; readonly partial: number } | undefined) | undefined;
  onSync: (() => void) | undefined;
  onTruncate: (() => void) | undefined;

  list(): string[] {
    return [...this.#files.keys()].map((path) => path.slice(path.lastIndexOf("/") + 1));
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  makeDirectory(): void {}

  open(path: string, flags: string): number {
    let content = this.#files.get(path);
    if (content === undefined) {
      if (flags !== "wx+") throw systemError("ENOENT");
      content = { bytes: new Uint8Array(4096), size: 0, synced: new Uint8Array(0) };
      this.#files.set(path, content);
    }
    return this.#open.push(content) - 1;
  }

  size(file: number): number {
    return this.#content(file).size;
  }

  read(file: number, target: Uint8Array, position: number): number {
    const { bytes, size } = this.#content(file);
    const found = bytes.subarray(Math.min(position, size), Math.min(position + target.length, size));
    target.set(found);
    return found.length;
  }

  write(file: number, pieces: readonly Uint8Array[], position: number): void {
    const content = this.#content(file);
    const failure = this.onWrite?.();
    let room = failure?.partial ?? Infinity;
    let at = position;
    for (const piece of pieces) {
      const part = piece.subarray(0, Math.max(0, Math.min(piece.length, room)));
      grow(content, at + part.length);
      content.bytes.set(part, at);
      at += part.length;
      room -= part.length;
    }
    content.size = Math.max(content.size, at);
    if (failure !== undefined) throw failure.error;
  }

  truncate(file: number, size: number): void {
    this.onTruncate?.();
    const content = this.#content(file);
    content.bytes.fill(0, size);
    content.size = size;
  }

  sync(file: number): void {
    this.onSync?.();
    const content = this.#content(file);
    content.synced = content.bytes.slice(0, content.size);
  }

  async syncLater(file: number): Promise<void> {
    await Promise.resolve();
    this.sync(file);
  }

  syncDirectory(): void {
    this.#syncedNames = new Map(this.#files);
  }

  close(file: number): void {
    this.#open[file] = undefined;
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  removeLater(path: string): void {
    this.remove(path);
  }

  /** What another process would find now. */
  clone(): MemoryFiles {
    const copy = new MemoryFiles();
    for (const [path, { bytes, size }] of this.#files) copy.put(path, bytes.slice(0, size));
    return copy;
  }

  /** What is left after the power went: of all that was not synced, any sectors and any names. */
  afterPowerCut(below: (limit: number) => number): MemoryFiles {
    const copy = new MemoryFiles();
    for (const [path, content] of new Map([...this.#syncedNames, ...this.#files])) {
      const durableName = this.#syncedNames.has(path);
      const present = this.#files.has(path);
      if (!(durableName && present) && below(2) === 0) continue;
      copy.put(path, survivors(content, below));
    }
    return copy;
  }

  put(path: string, bytes: Uint8Array): void {
    const content = { bytes, size: bytes.length, synced: bytes.slice() };
    this.#files.set(path, content);
    this.#syncedNames.set(path, content);
  }

  bytesOf(path: string): Uint8Array {
    const content = this.#files.get(path);
    if (content === undefined) throw systemError("ENOENT");
    return content.bytes.subarray(0, content.size);
  }

  #content(file: number): Content {
    const content = this.#open[file];
    if (content === undefined) throw systemError("EBADF");
    return content;
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code, syscall: "simulated" });
}

function grow(content: Content, size: number): void {
  if (size <= content.bytes.length) return;
  const larger = new Uint8Array(Math.max(size, content.bytes.length * 2));
  larger.set(content.bytes);
  content.bytes = larger;
}

function survivors({ bytes, size, synced }: Content, below: (limit: number) => number): Uint8Array {
  const length = synced.length + below(Math.max(0, size - synced.length) + 1);
  const left = new Uint8Array(length);
  for (let from = 0; from < length; from += SECTOR) {
    const to = Math.min(from + SECTOR, length);
    const source = below(3) > 0 ? bytes : synced;
    left.set(source.subarray(Math.min(from, source.length), Math.min(to, source.length)), from);
    if (to <= synced.length) left.set(synced.subarray(from, to), from);
    else if (from < synced.length) left.set(synced.subarray(from), from);
  }
  return left;
}
