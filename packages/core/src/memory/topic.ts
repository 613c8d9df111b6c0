import type { Retention, TopicChunk, TopicRange } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";

interface Stored extends TopicChunk {
  readonly at: number;
}

interface Log {
  start: number;
  end: number;
  bytes: number;
  chunks: Stored[];
}

/** One topic of the memory ledger. */
export class MemoryTopic {
  readonly #name: string;
  readonly #logs: Log[] = [];
  #retention: Retention = {};
  /** By partition: from where on atoms are kept whatever retention says. */
  readonly #holds = new Map<number, number>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Partitions that hold or held atoms. */
  get size(): number {
    return this.#logs.length;
  }

  append(partition: number, count: number, bytes: Uint8Array, now: number): number {
    while (this.#logs.length <= partition) this.#logs.push({ start: 0, end: 0, bytes: 0, chunks: [] });
    const log = this.#logs[partition];
    const offset = log.end;
    log.chunks.push({ offset, count, bytes, at: now });
    log.end += count;
    log.bytes += bytes.length;
    this.#expire(partition, now);
    return offset;
  }

  range(partition: number): TopicRange {
    const log = this.#logs[partition];
    return log === undefined ? { start: 0, end: 0 } : { start: log.start, end: log.end };
  }

  read(partition: number, offset: number, maxBytes: number): TopicChunk[] {
    const log = this.#logs[partition];
    if (log === undefined || offset >= log.end) return [];
    if (offset < log.start) {
      const subject = `topic ${this.#name}/${partition}`;
      throw new MillraceError("MILLRACE_POSITION_LOST", subject, `offset ${offset} is gone, retention begins at ${log.start}.`);
    }
    const found: TopicChunk[] = [];
    let room = maxBytes;
    for (let i = firstHolding(log.chunks, offset); i < log.chunks.length; i++) {
      const { offset: first, count, bytes } = log.chunks[i];
      if (found.length > 0 && bytes.length > room) break;
      room -= bytes.length;
      found.push({ offset: first, count, bytes: bytes.slice() });
    }
    return found;
  }

  retain(retention: Retention, now: number): void {
    this.#retention = retention;
    for (const partition of this.#logs.keys()) this.#expire(partition, now);
  }

  /** Drops the chunks that end at or before an offset. */
  trim(partition: number, offset: number): void {
    const log = this.#logs[partition];
    if (log === undefined) return;
    const kept = log.chunks.findIndex((chunk) => chunk.offset + chunk.count > offset);
    for (const { offset: first, count, bytes } of log.chunks.splice(0, kept < 0 ? log.chunks.length : kept)) {
      log.bytes -= bytes.length;
      log.start = first + count;
    }
  }

  hold(partition: number, offset: number): void {
    this.#holds.set(partition, offset);
  }

  /** As after a restart. */
  letGo(): void {
    this.#holds.clear();
  }

  /** Drops the oldest chunks while as many bytes as asked for stay, and what is too old. */
  #expire(partition: number, now: number): void {
    const log = this.#logs[partition];
    const held = this.#holds.get(partition) ?? Infinity;
    const { bytes = Infinity, milliseconds = Infinity } = this.#retention;
    let dropped = 0;
    for (const chunk of log.chunks) {
      if (log.bytes - chunk.bytes.length < bytes && now - chunk.at <= milliseconds) break;
      if (chunk.offset + chunk.count > held) break;
      log.bytes -= chunk.bytes.length;
      log.start = chunk.offset + chunk.count;
      dropped++;
    }
    if (dropped > 0) log.chunks.splice(0, dropped);
  }
}

function firstHolding(chunks: readonly TopicChunk[], offset: number): number {
  let low = 0;
  let high = chunks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (chunks[middle].offset <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
