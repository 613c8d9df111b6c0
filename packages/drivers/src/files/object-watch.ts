import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import * as paths from "node:path";
import type { Bucket, BucketObject } from "@millrace/core/internal";
import { ioError } from "./file-errors.ts";

/**
 * Tells of the objects of a bucket in a folder, old and new, each once they are complete: the same size
 * and time at two looks, a poll apart. The folder is looked at every `pollMilliseconds`; the system's
 * notices only make a first look come sooner, and may be missing (network file systems).
 */
export class ObjectWatch {
  readonly #bucket: Bucket;
  readonly #pattern: string;
  readonly #pollMilliseconds: number;
  readonly #found: (objects: readonly BucketObject[]) => Promise<void>;
  /** Etag of each object at the last look, and when it was first seen so. */
  #seen = new Map<string, { readonly etag: string; readonly since: number }>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** A notice came after the last look began. */
  #noticed = false;
  #settle = SETTLE;
  #failed: (error: Error) => void = () => undefined;
  #closed = false;

  /** `found` gets objects in name order and is waited for; one that it was told of before may come again. */
  constructor(bucket: Bucket, pattern: string, pollMilliseconds: number, found: (objects: readonly BucketObject[]) => Promise<void>) {
    this.#bucket = bucket;
    this.#pattern = pattern;
    this.#pollMilliseconds = pollMilliseconds;
    this.#found = found;
  }

  /** `failed` is called where the folder cannot be looked at any more; the watch is then over. */
  start(directory: string, failed: (error: Error) => void): void {
    this.#failed = failed;
    try {
      this.#watcher = watch(directory, { recursive: true }, () => this.#notice());
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
    this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #run(): void {
    this.#noticed = false;
    this.#timer = undefined;
    const from = performance.now();
    this.#looking = this.#look().then(
      () => {
        // A folder in which much happens is not looked at all the time.
        this.#settle = Math.max(SETTLE, SHARE * (performance.now() - from));
        if (!this.#closed) this.#sleep(this.#noticed ? this.#settle : this.#pollMilliseconds + 2);
      },
      (error: unknown) => this.#failed(ioError("bucket", error)),
    );
  }

  #sleep(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#run(), milliseconds);
  }

  #notice(): void {
    if (this.#noticed || this.#closed) return;
    this.#noticed = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#sleep(this.#settle);
  }

  async #look(): Promise<void> {
    const seen = new Map<string, { readonly etag: string; readonly since: number }>();
    const complete: BucketObject[] = [];
    for await (const object of this.#bucket.list()) {
      if (!paths.matchesGlob(object.name, this.#pattern)) continue;
      const now = performance.now();
      const before = this.#seen.get(object.name);
      const since = before?.etag === object.etag ? before.since : now;
      seen.set(object.name, { etag: object.etag, since });
      if (now - since >= this.#pollMilliseconds) complete.push(object);
    }
    this.#seen = seen;
    if (complete.length > 0 && !this.#closed) await this.#found(complete);
  }
}

const SETTLE = 20;
const SHARE = 10;
