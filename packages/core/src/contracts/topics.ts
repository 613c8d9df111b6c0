/** A run of atoms as it was appended: offsets [offset, offset + count). */
export interface TopicChunk {
  readonly offset: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  /** When it was appended, on the clock that measures; the engine adds it where it knows, for the metrics. */
  readonly since?: number;
}

export interface TopicRange {
  /** First offset that retention has kept. */
  readonly start: number;
  /** Offset that the next atom will get. */
  readonly end: number;
  /** True once nothing will be appended any more; the engine adds it in bounded runs. */
  readonly complete?: boolean;
  /** No stamp from `end` on is below; the engine adds it where workflows write the topic. */
  readonly watermark?: number;
}

/**
 * How long a topic keeps atoms, each partition for itself: at least the newest `bytes` of them, and
 * none that was appended more than `milliseconds` ago. Without a limit it keeps them for ever.
 */
export interface Retention {
  readonly bytes?: number;
  readonly milliseconds?: number;
}

/** Reads topics. Atoms are appended by commits only, so that a topic never holds what did not happen. */
export interface Topics {
  /** Names of topics that hold or held atoms, with their number of partitions. */
  topics(): Promise<ReadonlyMap<string, number>>;
  range(topic: string, partition: number): Promise<TopicRange>;
  /**
   * The chunks from `offset` on, whole chunks only, the first one may begin before `offset`; at most
   * `maxBytes` unless the first chunk alone is larger. Empty at and above the end. Throws MILLRACE_POSITION_LOST
   * below the start.
   */
  read(topic: string, partition: number, offset: number, maxBytes: number): Promise<readonly TopicChunk[]>;
  /** Sets how long a topic keeps atoms, durably; applied at the driver's leisure, by whole chunks. */
  retain(topic: string, retention: Retention): Promise<void>;
  /** Lets atoms below an offset go, by whole chunks and as far as that is cheap: the range then begins at or before it. */
  trim(topic: string, partition: number, offset: number): Promise<void>;
  /** Keeps what lies from an offset on whatever retention says, until it is told another one or closed; not durable. */
  hold(topic: string, partition: number, offset: number): void;
}
