/** What is known of an object without reading it. */
export interface BucketObject {
  /** Segments divided by "/", such as `results/2014/08.ndjson`. */
  readonly name: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** Another one whenever the content was put again. */
  readonly etag: string;
}

/** Named objects: inputs, results, snapshots. An object is there whole or not at all. */
export interface Bucket {
  /** Puts an object, in place of one of that name; nobody sees a part of it. */
  put(name: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<BucketObject>;
  /** The object's content, piece by piece. Throws MILLRACE_NOT_FOUND. */
  get(name: string): Promise<AsyncIterable<Uint8Array>>;
  head(name: string): Promise<BucketObject | undefined>;
  /** The objects whose names start with `prefix`, in name order (UTF-16 code units). */
  list(prefix?: string): AsyncIterable<BucketObject>;
  /** Does nothing where there is no such object. */
  delete(name: string): Promise<void>;
}

/** Lines that survive what the ledger survives: a driver's own small, growing record, such as the order of discovery. */
export interface Journal {
  read(): Promise<readonly string[]>;
  /** Done when the line is durable. Called by one reader at a time. */
  append(line: string): Promise<void>;
}
