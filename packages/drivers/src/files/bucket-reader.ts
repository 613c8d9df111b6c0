import { join } from "node:path";
import { MillraceError } from "@millrace/core";
import { ObjectRows } from "@millrace/core/internal";
import type { Bucket, BucketObject, Chunk, Journal, NoChunk, SplitReader } from "@millrace/core/internal";
import { Discovery } from "./discovery.ts";
import { fileBucket } from "./file-bucket.ts";
import { FileReader } from "./file-reader.ts";
import type { ReadOptions } from "./read-options.ts";
import { ObjectWatch } from "./object-watch.ts";

export interface BucketReadOptions {
  readonly directory: string;
  readonly pattern: string;
  readonly pollMilliseconds: number;
  readonly journal: Journal;
  readonly read: ReadOptions;
}

/** Reads the objects of a bucket in order of discovery, chunk by chunk. */
export class BucketReader implements SplitReader {
  readonly #name: string;
  readonly #options: BucketReadOptions;
  readonly #bucket: Bucket;
  readonly #discovery: Discovery;
  readonly #watch: ObjectWatch;
  /** Index of the object that is being read, and of its first chunk. */
  #object = 0;
  #firstChunk = 0;
  #position: number;
  #reader: FileReader | undefined;
  #ready: (() => void) | undefined;
  #failure: Error | undefined;
  #closed = false;

  private constructor(name: string, options: BucketReadOptions, discovery: Discovery, position: number) {
    this.#name = name;
    this.#options = options;
    this.#bucket = fileBucket(options.directory);
    this.#discovery = discovery;
    this.#position = position;
    this.#watch = new ObjectWatch(this.#bucket, options.pattern, options.pollMilliseconds, (objects) => this.#found(objects));
  }

  /** Finds out where the position lies, and begins to look for objects. */
  static async open(name: string, options: BucketReadOptions, position: number): Promise<BucketReader> {
    const reader = new BucketReader(name, options, await Discovery.open(options.journal), position);
    reader.#passFinished();
    reader.#watch.start(options.directory, (error) => {
      reader.#failure = error;
      reader.#ready?.();
    });
    return reader;
  }

  async next(): Promise<Chunk | NoChunk> {
    while (!this.#closed) {
      const object = this.#discovery.objects.at(this.#object);
      if (object === undefined) {
        if (this.#failure !== undefined) throw this.#failure;
        return "idle";
      }
      const chunk = await this.#read(object.name, object.etag);
      if (chunk !== "end") {
        const index = this.#position++;
        return { ...chunk, index, next: this.#position };
      }
      await this.#endObject(this.#position);
      this.#passFinished();
    }
    return "end";
  }

  onReady(callback: () => void): void {
    this.#ready = callback;
    if (this.#discovery.objects.length > this.#object || this.#failure !== undefined) queueMicrotask(() => this.#ready?.());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watch.close();
    await this.#reader?.close();
  }

  /** Passes over objects that end at or before the position. */
  #passFinished(): void {
    const { objects } = this.#discovery;
    for (; this.#object < objects.length; this.#object++) {
      const { chunks } = objects[this.#object];
      if (chunks === undefined || this.#firstChunk + chunks > this.#position) return;
      this.#firstChunk += chunks;
    }
  }

  /** The object's next chunk; where it cannot be read, a last one that says why. */
  async #read(name: string, etag: string): Promise<Chunk | "end"> {
    try {
      if (this.#reader === undefined) {
        const now = await this.#bucket.head(name);
        if (now?.etag !== etag) {
          throw new MillraceError("MILLRACE_NOT_FOUND", `object ${name}`, `was ${now === undefined ? "deleted" : "replaced"} before it was read; leave objects as they are until then`);
        }
        const path = join(this.#options.directory, name);
        this.#reader = new FileReader([{ path, bytes: now.bytes }], this.#options.read, { lane: 0, lanes: 1, position: this.#position - this.#firstChunk });
      }
      const chunk = await this.#reader.next();
      return typeof chunk === "string" ? "end" : chunk;
    } catch (error) {
      if (!(error instanceof MillraceError) || error.retryable || this.#closed) throw error;
      return this.#giveUp(name, error);
    }
  }

  /** A last chunk of the object, known before it is given: read again from after it, the object is done. */
  async #giveUp(name: string, error: MillraceError): Promise<Chunk> {
    await this.#endObject(this.#position + 1);
    this.#firstChunk = this.#position + 1;
    this.#object++;
    const malformed = [{ position: `${this.#name}/${name}`, raw: "", reason: `${error.code}: ${error.message}` }];
    return { index: 0, next: 0, count: 0, rows: NO_ROWS, malformed, bytes: 0 };
  }

  async #endObject(after: number): Promise<void> {
    await this.#reader?.close();
    this.#reader = undefined;
    await this.#discovery.read(this.#object, after - this.#firstChunk);
  }

  async #found(objects: readonly BucketObject[]): Promise<void> {
    const before = this.#discovery.objects.length;
    for (const object of objects) await this.#discovery.found(object);
    if (this.#discovery.objects.length > before) this.#ready?.();
  }
}

const NO_ROWS = new ObjectRows([]);
