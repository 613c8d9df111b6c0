import { ObjectRows } from "../codec/formats/struct-rows.ts";
import { parseIsoTime } from "../codec/formats/iso-time.ts";
import type { Batch } from "../contracts/batch.ts";
import type { Chunk, MalformedRow, NoChunk, SplitReader } from "../contracts/source.ts";
import type { SourceNode } from "../graph/nodes.ts";
import { extract, type Extract } from "../operators/extract.ts";
import { select } from "../operators/batches.ts";

/** What a lane has read and committed of its split. */
export interface LaneProgress {
  readonly split: string;
  readonly lane: number;
  readonly lanes: number;
  /** Whether the split may be read by several lanes at all. */
  readonly parallel: boolean;
  /** Position of the lane's next chunk. */
  readonly next: number;
  /** Largest event time up to the lane's last chunk, over all lanes. */
  readonly maxTime: number;
  readonly ended: boolean;
  /** The lane's latest chunks, newest last: from them the chain of largest times is made again after a restart. */
  readonly recent: readonly ChunkTime[];
  /** What other lanes had read before the number of lanes changed: chunks that are done although they lie ahead. */
  readonly done: readonly DoneChunks[];
}

export interface ChunkTime {
  readonly index: number;
  /** Largest event time of the chunk itself. */
  readonly max: number;
  /** Largest event time of all chunks before it. */
  readonly before: number;
}

/** Chunks whose index mod `lanes` is `lane`, below `next`. */
export interface DoneChunks {
  readonly lane: number;
  readonly lanes: number;
  readonly next: number;
}

/** Tells lanes of one split the largest event time before a chunk, which may be another lane's to find. */
export interface TimeChain {
  /** Publishes a chunk's own largest time; resolves to the largest time of all chunks before it. */
  before(split: string, index: number, max: number): Promise<number>;
}

const RECENT_CHUNKS = 64;

/** A lane that is being read: gives chunks as stamped batches and knows its progress. */
export class LaneInput {
  readonly #node: SourceNode;
  readonly #reader: SplitReader;
  readonly #chain: TimeChain;
  readonly #time: Extract<number | Date | string> | undefined;
  readonly #stopped = Promise.withResolvers<undefined>();
  #progress: LaneProgress;

  constructor(node: SourceNode, reader: SplitReader, chain: TimeChain, progress: LaneProgress) {
    this.#node = node;
    this.#reader = reader;
    this.#chain = chain;
    this.#time = node.time === undefined ? undefined : extract(node.time);
    this.#progress = progress;
  }

  get progress(): LaneProgress {
    return this.#progress;
  }

  /** No stamp still to come from this lane is below it. */
  get watermark(): number {
    return laneWatermark(this.#node, this.#progress);
  }

  onReady(callback: () => void): void {
    this.#reader.onReady?.(callback);
  }

  /** Lets a read that waits for other lanes come back with nothing. */
  stop(): void {
    this.#stopped.resolve(undefined);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /** The next chunk's atoms, in the order of the split; the position has moved past them. */
  async read(now: number): Promise<StampedChunk | NoChunk> {
    if (this.#progress.ended) return "end";
    const chunk = await this.#reader.next();
    if (chunk === "idle") return chunk;
    if (chunk === "end") {
      this.#progress = { ...this.#progress, ended: true };
      return chunk;
    }
    if (this.#isDone(chunk.index)) {
      const max = this.#progress.recent.find(({ index }) => index === chunk.index)?.max ?? -Infinity;
      this.#progress = { ...this.#progress, next: chunk.next, maxTime: Math.max(this.#progress.maxTime, max) };
      return { batch: undefined, malformed: [], bytes: chunk.bytes, count: 0 };
    }
    return this.#stamp(chunk, now);
  }

  async #stamp(chunk: Chunk, now: number): Promise<StampedChunk | "idle"> {
    const malformed = [...chunk.malformed];
    // A time that the workflow names wins over the one that the atom came with.
    const times = this.#time === undefined && chunk.times !== undefined ? chunk.times : this.#times(chunk, now, malformed);
    let max = -Infinity;
    for (let i = 0; i < chunk.count; i++) if (times[i] > max) max = times[i];
    const { split, lanes, recent } = this.#progress;
    const before = lanes === 1 ? this.#progress.maxTime : await Promise.race([this.#chain.before(split, chunk.index, max), this.#stopped.promise]);
    if (before === undefined) return "idle";
    const stamps = new Float64Array(chunk.count);
    const bound = this.#node.outOfOrderness;
    let largest = before;
    let valid = 0;
    for (let i = 0; i < chunk.count; i++) {
      stamps[i] = largest - bound;
      const time = times[i];
      if (time === time) valid++;
      if (time > largest) largest = time;
    }
    this.#progress = {
      ...this.#progress,
      next: chunk.next,
      maxTime: largest,
      recent: lanes === 1 ? recent : [...recent.slice(1 - RECENT_CHUNKS), { index: chunk.index, max, before }],
    };
    const all: Batch = { count: chunk.count, selection: undefined, rows: chunk.rows, times, stamps, kinds: undefined, keys: undefined };
    return { batch: valid === chunk.count ? all : withTimes(all), malformed, bytes: chunk.bytes, count: chunk.count };
  }

  /** Event times by the workflow's closure; NaN, and a dead letter, where it gives none. */
  #times(chunk: Chunk, now: number, malformed: MalformedRow[]): Float64Array {
    const { rows, count } = chunk;
    if (this.#time === undefined) return new Float64Array(count).fill(now);
    const column = this.#time.field === undefined ? undefined : rows.column(this.#time.field);
    if (column?.type === "number" && column.valid === undefined) return column.values.subarray(0, count);
    const read = this.#time.closure as (value: unknown) => unknown;
    const times = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      let reason = "";
      try {
        times[row] = epochMilliseconds(read(rows.view(row)));
        if (Number.isNaN(times[row])) reason = "its time is not a time";
      } catch (error) {
        times[row] = Number.NaN;
        reason = `its time cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      }
      if (reason !== "") malformed.push({ position: `chunk ${chunk.index}, row ${row}`, raw: JSON.stringify(rows.get(row)) ?? "", reason });
    }
    return times;
  }

  #isDone(index: number): boolean {
    return this.#progress.done.some(({ lane, lanes, next }) => index % lanes === lane && index < next);
  }
}

/** No stamp still to come from a lane that has come this far is below it. */
export function laneWatermark(node: SourceNode, { ended, maxTime }: LaneProgress): number {
  return ended ? Infinity : maxTime - node.outOfOrderness;
}

export interface StampedChunk {
  /** Undefined where there is nothing to process. */
  readonly batch: Batch | undefined;
  readonly malformed: readonly MalformedRow[];
  readonly bytes: number;
  readonly count: number;
}

/** Rows that say why something was refused, as a batch for a topic of dead letters. */
export function deadLetters(values: readonly unknown[], now: number): Batch {
  const times = new Float64Array(values.length).fill(now);
  return { count: values.length, selection: undefined, rows: new ObjectRows(values), times, stamps: times, kinds: undefined, keys: undefined };
}

function epochMilliseconds(time: unknown): number {
  if (typeof time === "number") return time;
  if (typeof time === "string") return parseIsoTime(time);
  return time instanceof Date ? time.getTime() : Number.NaN;
}

function withTimes(batch: Batch): Batch {
  const selection = new Int32Array(batch.count);
  let count = 0;
  for (let i = 0; i < batch.count; i++) if (batch.times[i] === batch.times[i]) selection[count++] = i;
  return select(batch, selection, count);
}
