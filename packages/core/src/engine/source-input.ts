import { ObjectRows } from "../codec/formats/struct-rows.ts";
import { epochMilliseconds } from "../codec/formats/iso-time.ts";
import type { Batch } from "../contracts/batch.ts";
import type { Chunk, MalformedRow, NoChunk, SplitReader } from "../contracts/source.ts";
import type { SourceNode } from "../graph/nodes.ts";
import { extract, type Extract } from "../operators/extract.ts";
import { select } from "../operators/batches.ts";
import { isTime } from "../time/event-time.ts";

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
  /** Chunks of which the first rows are done: `next` and `maxTime` are then those of the middle of a chunk. */
  readonly partial: readonly PartialChunk[];
  /** What those who write the split have promised of it, or whom it follows; absent: time follows from its atoms. */
  readonly promised?: number | undefined;
  /** Processing time at which it last gave something, or was first opened, epoch ms. */
  readonly readAt: number;
}

/** A chunk whose first `rows` rows are done. */
export interface PartialChunk {
  readonly index: number;
  readonly rows: number;
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

/**
 * Where a lane's event time comes from: from its atoms, each stamped in their order; from those who wrote
 * them, who stamped them and say how far they are; or, where only people edit, from the inputs it meets.
 */
export type Timing = "atoms" | "writers" | "edits";

/** Chunks that a step reads at most. */
export const STEP_READS = 32;
/**
 * So many of its latest chunks a lane remembers. Others of its split may have committed what they read
 * before the chunks of two steps of this one, the one that is committing and the one that runs, and a
 * chunk more: all those are needed to chain the largest times again.
 */
const RECENT_CHUNKS = 2 * STEP_READS + 2;

/** When a lane that gives nothing holds nothing back any more. */
export interface Quiet {
  /** Epoch ms of processing time; what it was quiet for before does not count. */
  readonly since: number;
  /** ms; Infinity: it never is. */
  readonly idleAfter: number;
}

/** How a lane reads its split. */
export interface LaneOptions extends Quiet {
  readonly timing: Timing;
}

/** A lane that is being read: gives chunks as stamped batches and knows its progress. */
export class LaneInput {
  readonly #node: SourceNode;
  readonly #reader: SplitReader;
  readonly #chain: TimeChain;
  readonly #time: Extract<number | Date | string> | undefined;
  readonly #timing: Timing;
  readonly #stopped = Promise.withResolvers<undefined>();
  #progress: LaneProgress;
  #current: CurrentChunk | undefined;
  readonly #idleAfter: number;
  #quietSince: number;
  /** Whether nothing is known to wait in the reader. */
  #atEnd = false;
  #idle = false;
  #readies = 0;

  constructor(node: SourceNode, reader: SplitReader, chain: TimeChain, progress: LaneProgress, { since, idleAfter, timing }: LaneOptions) {
    this.#node = node;
    this.#reader = reader;
    this.#chain = chain;
    this.#time = node.time === undefined ? undefined : extract(node.time);
    this.#timing = timing;
    this.#progress = { ...progress, promised: timing === "atoms" ? undefined : (progress.promised ?? -Infinity) };
    this.#quietSince = since;
    this.#idleAfter = idleAfter;
  }

  get progress(): LaneProgress {
    return this.#progress;
  }

  /** No stamp still to come from this lane is below it. */
  get watermark(): number {
    return laneWatermark(this.#node, this.#progress);
  }

  /** Whether it has been read to its end and was quiet for so long that it holds nothing back. */
  get idle(): boolean {
    return this.#idle;
  }

  /** Processing time from which on it is idle if it stays quiet; Infinity where it is already, or never is. */
  get idleAt(): number {
    return this.#idle || this.#progress.ended ? Infinity : this.#quietSince + this.#idleAfter;
  }

  /** Whether it is known that nothing waits. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Judges by the clock whether it is idle; true where it has become so. */
  look(now: number): boolean {
    if (!this.#atEnd || now < this.idleAt) return false;
    this.#idle = true;
    return true;
  }

  onReady(callback: () => void): void {
    this.#reader.onReady?.(() => {
      this.#readies++;
      this.#stir();
      callback();
    });
  }

  /** Lets a read that waits for other lanes come back with nothing. */
  stop(): void {
    this.#stopped.resolve(undefined);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /** The next chunk's atoms, in the order of the split; the position has moved past them. `promised`: what was promised of their stamps. */
  async read(now: number, promised: number): Promise<StampedChunk | NoChunk> {
    const loaded = await this.load(now, promised);
    return loaded === "ready" ? this.take(Infinity) : loaded;
  }

  /** Where the next row is: its chunk, its place in it, and how many rows the chunk has. Only after `load`. */
  get position(): { readonly unit: number; readonly row: number; readonly rows: number } {
    const { chunk, row } = this.#current ?? NOTHING;
    return { unit: chunk.index, row, rows: chunk.count };
  }

  /** Reads and stamps the next chunk, unless there is one of which rows are left; the position stays before it. */
  async load(now: number, promised: number): Promise<"ready" | NoChunk> {
    if (this.#current !== undefined) return "ready";
    if (this.#progress.ended) return "end";
    const readies = this.#readies;
    const chunk = await this.#reader.next();
    const watermark = (this.#reader.watermark?.() ?? -Infinity) + this.#node.delay;
    if (typeof chunk === "string") this.#promise(watermark);
    if (chunk === "idle") {
      this.#atEnd = readies === this.#readies;
      if (this.#atEnd && this.#timing === "edits") this.#idle = true;
      return chunk;
    }
    this.#stir();
    if (chunk === "later") return chunk;
    if (chunk === "end") {
      this.#progress = { ...this.#progress, ended: true };
      return chunk;
    }
    this.#quietSince = now;
    if (this.#timing !== "atoms") this.#current = this.#judged(chunk, promised, watermark);
    else this.#current = this.#isDone(chunk.index) ? skipped(chunk, this.#progress) : await this.#stamp(chunk, now);
    return this.#current === undefined ? "idle" : "ready";
  }

  /** Gives the next rows of the chunk that was loaded, at most `limit`, and moves the position past them. */
  take(limit: number): StampedChunk {
    const current = this.#current ?? NOTHING;
    const { chunk, row, times, stamps } = current;
    const end = Math.min(chunk.count, row + limit);
    const whole = row === 0 && end === chunk.count;
    const done = end === chunk.count;
    const first = row === current.from;
    let valid = 0;
    let largest = current.largest;
    for (let i = row; i < end; i++) {
      const time = times[i];
      if (time !== time) continue;
      valid++;
      if (time > largest) largest = time;
    }
    const all: Batch = { count: chunk.count, selection: undefined, rows: chunk.rows, times, stamps, kinds: chunk.kinds, keys: undefined };
    const { lanes, recent, partial, next } = this.#progress;
    const others = partial.length === 0 ? partial : partial.filter(({ index }) => index !== chunk.index);
    this.#progress = {
      ...this.#progress,
      next: done ? chunk.next : next,
      maxTime: largest,
      readAt: this.#quietSince,
      recent: lanes === 1 || !done || current.time === undefined ? recent : this.#remember(current.time),
      partial: done ? others : [...others, { index: chunk.index, rows: end }],
    };
    const malformed = current.malformed.filter(({ at }) => (at === undefined ? row === 0 && first : at >= row && at < end));
    const unread = malformed.filter(({ at }) => at === undefined).length;
    this.#current = done ? undefined : { ...current, row: end, largest };
    if (done) this.#promise(current.watermark);
    return {
      batch: valid === 0 ? undefined : whole && valid === chunk.count ? all : withTimes(all, row, end),
      malformed: malformed.map((one) => one.row),
      read: end - row + unread,
      bytes: whole ? chunk.bytes : Math.ceil((chunk.bytes * (end - row)) / chunk.count),
      count: end - row,
      since: chunk.since,
    };
  }

  #promise(watermark: number): void {
    if (this.#timing === "writers" && watermark > (this.#progress.promised ?? -Infinity)) this.#progress = { ...this.#progress, promised: watermark };
  }

  /** A chunk that its writers have stamped. What a person edited holds from when it said, or from what was promised on. */
  #judged(chunk: Chunk, promised: number, watermark: number): CurrentChunk {
    const { count } = chunk;
    const { delay } = this.#node;
    const times = new Float64Array(count);
    const stamps = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const time = chunk.times?.[i] ?? Number.NaN;
      const stamp = chunk.stamps?.[i] ?? Number.NaN;
      const edited = stamp !== stamp;
      times[i] = time !== time ? Math.max(promised, Number.MIN_SAFE_INTEGER) : edited ? time : time + delay;
      stamps[i] = edited ? promised : Math.max(promised, stamp + delay);
    }
    const from = this.#progress.partial.find(({ index }) => index === chunk.index)?.rows ?? 0;
    return { chunk, times, stamps, malformed: [], from, row: from, largest: this.#progress.maxTime, time: undefined, watermark };
  }

  async #stamp(chunk: Chunk, now: number): Promise<CurrentChunk | undefined> {
    const malformed: MalformedAt[] = chunk.malformed.map((row) => ({ row, at: undefined }));
    // A time that the workflow names wins over the one that the atom came with.
    const own = this.#time === undefined && chunk.times !== undefined ? chunk.times : this.#times(chunk, now, malformed);
    const { delay } = this.#node;
    const times = delay === 0 ? own : own.map((time) => time + delay);
    let max = -Infinity;
    for (let i = 0; i < chunk.count; i++) if (times[i] > max) max = times[i];
    const { split, lanes, partial } = this.#progress;
    const before = lanes === 1 ? this.#progress.maxTime : await Promise.race([this.#chain.before(split, chunk.index, max), this.#stopped.promise]);
    if (before === undefined) return undefined;
    const stamps = new Float64Array(chunk.count);
    const bound = this.#node.outOfOrderness;
    const from = partial.find(({ index }) => index === chunk.index)?.rows ?? 0;
    let largest = before;
    let atStart = before;
    for (let i = 0; i < chunk.count; i++) {
      if (i === from) atStart = largest;
      stamps[i] = largest - bound;
      const time = times[i];
      if (time > largest) largest = time;
    }
    return { chunk, times, stamps, malformed, from, row: from, largest: atStart, time: { index: chunk.index, max, before }, watermark: -Infinity };
  }

  /** Event times by the workflow's closure; NaN, and a dead letter, where it gives none. */
  #times(chunk: Chunk, now: number, malformed: MalformedAt[]): Float64Array {
    const { rows, count } = chunk;
    if (this.#time === undefined) return new Float64Array(count).fill(now);
    const column = this.#time.field === undefined ? undefined : rows.column(this.#time.field);
    if (column?.type === "number" && column.valid === undefined && column.values.subarray(0, count).every(isTime)) return column.values.subarray(0, count);
    const read = this.#time.closure as (value: unknown) => unknown;
    const times = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      let reason = "";
      try {
        const given = read(rows.view(row));
        times[row] = epochMilliseconds(given);
        if (!isTime(times[row])) {
          reason = `its time, ${typeof given === "string" ? JSON.stringify(given) : String(given)}, is not a time: epoch milliseconds, a Date or ISO 8601 text; check \`time\` of from(${this.#node.topic.name})`;
          times[row] = Number.NaN;
        }
      } catch (error) {
        times[row] = Number.NaN;
        reason = `its time cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      }
      if (reason !== "") malformed.push({ row: { position: `chunk ${chunk.index}, row ${row}`, raw: JSON.stringify(rows.get(row)) ?? "", reason }, at: row });
    }
    return times;
  }

  /** The latest chunks, and those ahead that lanes of another number had done: they are passed over, not read. */
  #remember(latest: ChunkTime): readonly ChunkTime[] {
    const { recent } = this.#progress;
    const first = recent.length - RECENT_CHUNKS + 1;
    return [...recent.filter(({ index }, i) => i >= first || (index > latest.index && this.#isDone(index))), latest];
  }

  #stir(): void {
    this.#atEnd = false;
    this.#idle = false;
  }

  #isDone(index: number): boolean {
    return this.#progress.done.some(({ lane, lanes, next }) => index % lanes === lane && index < next);
  }
}

/** No stamp still to come from a lane that has come this far is below it. */
export function laneWatermark(node: SourceNode, { ended, maxTime, promised }: LaneProgress): number {
  return ended ? Infinity : (promised ?? maxTime - node.outOfOrderness);
}

export interface StampedChunk {
  /** Undefined where there is nothing to process. */
  readonly batch: Batch | undefined;
  readonly malformed: readonly MalformedRow[];
  /** Atoms that were read, malformed ones among them. */
  readonly read: number;
  readonly bytes: number;
  /** Rows of the chunk, also those without a time. */
  readonly count: number;
  /** When its atoms were appended, where that is known. */
  readonly since: number | undefined;
}

/** The rows from `from` to `end` that have a time. */
function withTimes(batch: Batch, from: number, end: number): Batch {
  const selection = new Int32Array(end - from);
  let count = 0;
  for (let i = from; i < end; i++) if (batch.times[i] === batch.times[i]) selection[count++] = i;
  return select(batch, selection, count);
}

/** A malformed row; where its time was at fault, its place in the chunk. */
interface MalformedAt {
  readonly row: MalformedRow;
  readonly at: number | undefined;
}

/** A chunk that was read, and how far it has been taken. */
interface CurrentChunk {
  readonly chunk: Chunk;
  readonly times: Float64Array;
  readonly stamps: Float64Array;
  readonly malformed: readonly MalformedAt[];
  /** The row at which it was begun. */
  readonly from: number;
  /** The next row. */
  readonly row: number;
  /** Largest event time before that row. */
  readonly largest: number;
  /** Undefined where it was done before, or nobody asks. */
  readonly time: ChunkTime | undefined;
  /** What is promised of all after it. */
  readonly watermark: number;
}

const NO_TIMES = new Float64Array(0);
const NOTHING: CurrentChunk = {
  chunk: { index: 0, next: 0, count: 0, rows: new ObjectRows([]), malformed: [], bytes: 0 },
  times: NO_TIMES,
  stamps: NO_TIMES,
  malformed: [],
  from: 0,
  row: 0,
  largest: -Infinity,
  time: undefined,
  watermark: -Infinity,
};

/** A chunk that another lane had done: nothing is left of it but its event times. */
function skipped(chunk: Chunk, { maxTime, recent }: LaneProgress): CurrentChunk {
  const max = recent.find(({ index }) => index === chunk.index)?.max ?? -Infinity;
  return { ...NOTHING, chunk: { ...chunk, count: 0, rows: NOTHING.chunk.rows, malformed: [] }, largest: Math.max(maxTime, max) };
}
