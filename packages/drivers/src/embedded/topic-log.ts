import { invariant } from "@millrace/core/internal";

/** Chunks of one run as a flat array holds them: offset, count, position, length, checksum, time. */
export const CHUNK_STRIDE = 6;
/** A chunk in a stored chunk table: offset f64, time f64, count, position, length, checksum u32. */
const CHUNK_BYTES = 32;
/** A run in a snapshot: eight numbers (f64). */
export const RUN_BYTES = 64;

/**
 * Adjacent offsets of a topic's partition in one segment. While that segment is being written, the
 * chunks are here; after that they are in a table at the segment's end.
 */
export interface Run {
  readonly segment: number;
  first: number;
  end: number;
  bytes: number;
  lastTime: number;
  /** May begin with chunks below `first`, which are gone. */
  chunks: number[] | undefined;
  tablePosition: number;
  tableLength: number;
  tableChecksum: number;
}

interface Owner {
  readonly name: string;
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Index of one partition of a topic: runs in order of their offsets. */
export class TopicLog {
  readonly topic: Owner;
  readonly partition: number;
  start = 0;
  end = 0;
  runs: Run[] = [];

  constructor(topic: Owner, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  append(segment: number, first: number, count: number, position: number, length: number, checksum: number, time: number): void {
    invariant(first === this.end, `topic ${this.topic.name}/${this.partition}`, `a chunk at ${first} follows offset ${this.end}.`);
    let run = this.runs.at(-1);
    if (run === undefined || run.segment !== segment || run.end !== first || run.chunks === undefined) {
      run = newRun(segment, first);
      this.runs.push(run);
    }
    extend(run, first, count, position, length, checksum, time);
    this.end = first + count;
  }

  /** Notes that the first chunk of a run now lies elsewhere; gives the segment where it lay. */
  move(segment: number, first: number, count: number, position: number, length: number, checksum: number, time: number): number {
    const index = this.runs.findIndex((run) => run.first === first && run.segment !== segment);
    invariant(index >= 0, `topic ${this.topic.name}/${this.partition}`, `no run begins with the moved chunk at ${first}.`);
    const source = this.runs[index];
    source.first += count;
    source.bytes -= length;
    const before = index > 0 ? this.runs[index - 1] : undefined;
    const target = before?.segment === segment && before.end === first && before.chunks !== undefined ? before : newRun(segment, first);
    extend(target, first, count, position, length, checksum, time);
    const replaced = source.first >= source.end ? 1 : 0;
    if (target === before) this.runs.splice(index, replaced);
    else this.runs.splice(index, replaced, target);
    return source.segment;
  }

  /** Forgets what lies below `start`. */
  trim(start: number, free: (segment: number, bytes: number) => void): void {
    this.start = start;
    while (this.runs.length > 0 && this.runs[0].end <= start) {
      const run = this.runs[0];
      free(run.segment, run.bytes);
      this.runs.shift();
    }
    const run = this.runs[0];
    if (run === undefined || run.first >= start || run.chunks === undefined) return;
    for (let i = chunkHolding(run.chunks, run.first); i < run.chunks.length && run.chunks[i] < start; i += CHUNK_STRIDE) {
      free(run.segment, run.chunks[i + 3]);
      run.bytes -= run.chunks[i + 3];
      run.first = run.chunks[i] + run.chunks[i + 1];
    }
  }

  /** Whether trimming is worth a frame: an eighth more than retention asks for is there. */
  overdue(now: number): boolean {
    const oldest = this.runs.at(0);
    if (oldest === undefined) return false;
    const time = oldest.chunks === undefined ? oldest.lastTime : oldest.chunks[chunkHolding(oldest.chunks, oldest.first) + 5];
    if (now - time > this.topic.milliseconds * 1.125) return true;
    let bytes = 0;
    for (const run of this.runs) bytes += run.bytes;
    return bytes > this.topic.bytes * 1.125;
  }

  /**
   * Where retention lets the log begin: at least the topic's bytes stay, nothing that is too old does.
   * Whole runs of finished segments, single chunks of the one being written. From `held` on all stays.
   */
  retained(now: number, held: number): number {
    let rest = 0;
    for (const run of this.runs) rest += run.bytes;
    let start = this.start;
    for (const run of this.runs) {
      if (run.chunks === undefined) {
        if (run.end > held || !this.#dispensable(rest - run.bytes, now - run.lastTime)) return start;
        rest -= run.bytes;
        start = run.end;
        continue;
      }
      for (let i = chunkHolding(run.chunks, run.first); i < run.chunks.length; i += CHUNK_STRIDE) {
        if (run.chunks[i] + run.chunks[i + 1] > held || !this.#dispensable(rest - run.chunks[i + 3], now - run.chunks[i + 5])) return start;
        rest -= run.chunks[i + 3];
        start = run.chunks[i] + run.chunks[i + 1];
      }
    }
    return start;
  }

  /** Where the log begins when what ends at or before an offset goes, in the same steps. */
  startFor(offset: number): number {
    let { start } = this;
    for (const run of this.runs) {
      if (run.end <= offset) start = run.end;
      else if (run.chunks !== undefined) {
        for (let i = chunkHolding(run.chunks, run.first); i < run.chunks.length && run.chunks[i] + run.chunks[i + 1] <= offset; i += CHUNK_STRIDE) {
          start = run.chunks[i] + run.chunks[i + 1];
        }
        return start;
      } else return start;
    }
    return start;
  }

  #dispensable(bytesAfter: number, age: number): boolean {
    return bytesAfter >= this.topic.bytes || age > this.topic.milliseconds;
  }

  /** Index of the run that holds `offset`, which lies in [start, end). */
  runHolding(offset: number): number {
    let low = 0;
    let high = this.runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.runs[middle].first <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  restoreRun(view: DataView, at: number): Run {
    const number = (index: number): number => view.getFloat64(at + index * 8, true);
    const run = {
      segment: number(0),
      first: number(1),
      end: number(2),
      bytes: number(3),
      lastTime: number(4),
      chunks: undefined,
      tablePosition: number(5),
      tableLength: number(6),
      tableChecksum: number(7),
    };
    this.runs.push(run);
    return run;
  }
}

export function encodeRun(run: Run): Uint8Array {
  const { segment, first, end, bytes, lastTime, tablePosition, tableLength, tableChecksum } = run;
  return new Uint8Array(Float64Array.of(segment, first, end, bytes, lastTime, tablePosition, tableLength, tableChecksum).buffer);
}

export function encodeChunks(chunks: readonly number[], first: number): Uint8Array {
  const from = chunkHolding(chunks, first);
  const table = new Uint8Array(((chunks.length - from) / CHUNK_STRIDE) * CHUNK_BYTES);
  const view = new DataView(table.buffer);
  for (let i = from, at = 0; i < chunks.length; i += CHUNK_STRIDE, at += CHUNK_BYTES) {
    view.setFloat64(at, chunks[i], true);
    view.setFloat64(at + 8, chunks[i + 5], true);
    for (let field = 1; field < 5; field++) view.setUint32(at + 12 + field * 4, chunks[i + field], true);
  }
  return table;
}

export function decodeChunks(table: Uint8Array): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const chunks: number[] = [];
  for (let at = 0; at < table.length; at += CHUNK_BYTES) {
    const field = (index: number): number => view.getUint32(at + 12 + index * 4, true);
    chunks.push(view.getFloat64(at, true), field(1), field(2), field(3), field(4), view.getFloat64(at + 8, true));
  }
  return chunks;
}

/** Index in `chunks` of the last chunk that begins at or before `offset`. */
export function chunkHolding(chunks: readonly number[], offset: number): number {
  let low = 0;
  let high = chunks.length / CHUNK_STRIDE - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (chunks[middle * CHUNK_STRIDE] <= offset) low = middle;
    else high = middle - 1;
  }
  return low * CHUNK_STRIDE;
}

function newRun(segment: number, first: number): Run {
  return { segment, first, end: first, bytes: 0, lastTime: -Infinity, chunks: [], tablePosition: 0, tableLength: 0, tableChecksum: 0 };
}

function extend(run: Run, first: number, count: number, position: number, length: number, checksum: number, time: number): void {
  run.chunks?.push(first, count, position, length, checksum, time);
  run.end = first + count;
  run.bytes += length;
  run.lastTime = Math.max(run.lastTime, time);
}
