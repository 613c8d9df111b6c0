import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import type { Batch } from "../contracts/batch.ts";
import type { Ledger, LinkBatch } from "../contracts/ledger.ts";
import { select } from "../operators/batches.ts";
import type { BatchDecoder } from "./batch-codec.ts";
import type { Exchange } from "./plan.ts";

/** How much of what waits in the ledger is read at once, of all links together and at least of each. */
const PAGE_BYTES = 4 * 1024 * 1024;
const LEAST_PAGE = 64 * 1024;

/**
 * One link as its receiver sees it: applies exactly the next batch, drops what it has, holds back what
 * is further. What was sent while nobody received lies in the ledger and is read from there page by
 * page; until that is done, later batches are only noted, so that memory holds no more than a page.
 */
export class LinkInput {
  readonly link: string;
  readonly exchange: Exchange;
  #applied: number;
  #watermark: number;
  readonly #early = new Map<number, LinkBatch>();
  readonly #ready: LinkBatch[] = [];
  #last: number;
  #rows: number;
  /** Whether the ledger may have batches after `last` that nobody told of. */
  #unread = true;
  /** The highest sequence that is known to lie in the ledger. */
  #known = 0;

  constructor(link: string, exchange: Exchange, applied: number, watermark: number, rows: number) {
    this.link = link;
    this.exchange = exchange;
    this.#applied = applied;
    this.#last = applied;
    this.#watermark = watermark;
    this.#rows = rows;
  }

  get applied(): number {
    return this.#applied;
  }

  get watermark(): number {
    return this.#watermark;
  }

  get waiting(): boolean {
    return this.#ready.length > 0;
  }

  /** The sequence up to which batches were received. */
  get last(): number {
    return this.#last;
  }

  /** Whether the next batches are to be read from the ledger. */
  get behind(): boolean {
    return this.#unread || this.#known > this.#last;
  }

  /** A batch was sent that is to be read from the ledger. */
  announce(sequence: number): void {
    if (sequence > this.#known) this.#known = sequence;
  }

  /** Takes the ledger's batches after `last`; `ended` where it has no more. */
  refill(batches: readonly LinkBatch[], ended: boolean): void {
    this.#unread = !ended;
    for (const batch of batches) this.#take(batch);
  }

  receive(batch: LinkBatch): void {
    if (batch.sequence > this.#last + 1 && this.behind) this.announce(batch.sequence);
    else this.#take(batch);
  }

  /** How many rows of the batch after `applied` are done. */
  get rows(): number {
    return this.#rows;
  }

  /** Where the next row is: the batch's sequence, its place in it, and how many rows the batch has. Only while one waits. */
  position(decoder: BatchDecoder): { readonly unit: number; readonly row: number; readonly rows: number } {
    let rows = 0;
    const [batch] = this.#ready;
    const reader = new ByteReader(batch.bytes);
    reader.f64();
    reader.f64();
    for (let n = reader.varint(); n > 0; n--) rows += decoder.decode(reader).count;
    return { unit: batch.sequence, row: this.#rows, rows };
  }

  /**
   * Gives at most `limit` rows of the oldest waiting batch to the taker; returns how many they were
   * and about how many bytes, and since when they have been under way. The batch's watermark holds once all of it was given.
   */
  apply(decoder: BatchDecoder, limit: number, take: (rows: Batch) => void): { readonly count: number; readonly bytes: number; readonly since: number } {
    const [batch] = this.#ready;
    if (batch === undefined) return { count: 0, bytes: 0, since: Infinity };
    const reader = new ByteReader(batch.bytes);
    const watermark = reader.f64();
    const since = reader.f64();
    const end = this.#rows + limit;
    let at = 0;
    let count = 0;
    for (let n = reader.varint(); n > 0; n--) {
      const rows = decoder.decode(reader);
      const from = Math.max(0, this.#rows - at);
      const to = Math.min(rows.count, end - at);
      at += rows.count;
      if (to <= from) continue;
      count += to - from;
      take(to - from === rows.count ? rows : select(rows, Int32Array.from({ length: to - from }, (_, i) => from + i), to - from));
    }
    if (at > end) {
      this.#rows = end;
      return { count, bytes: Math.ceil((batch.bytes.length * count) / at), since };
    }
    this.#ready.shift();
    this.#rows = 0;
    this.#applied = batch.sequence;
    if (watermark > this.#watermark) this.#watermark = watermark;
    return { count, bytes: batch.bytes.length, since };
  }

  #take(batch: LinkBatch): void {
    if (batch.sequence <= this.#last) return;
    this.#early.set(batch.sequence, batch);
    for (let next = this.#early.get(this.#last + 1); next !== undefined; next = this.#early.get(this.#last + 1)) {
      this.#last++;
      this.#early.delete(next.sequence);
      this.#ready.push(next);
    }
  }
}

/** Whether a batch of a link has rows, and not only a watermark. */
export function hasRows(bytes: Uint8Array): boolean {
  const reader = new ByteReader(bytes);
  reader.f64();
  reader.f64();
  return reader.varint() > 0;
}

/** A batch of a link that promises nothing: its rows alone. The bytes given are changed. */
export function withoutWatermark(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(8);
  writer.f64(-Infinity);
  bytes.set(writer.bytes());
  return bytes;
}

/** Reads on, in the ledger, where links have nothing here and more there. False where it has no more either. */
export async function readPages(links: readonly LinkInput[], ledger: Pick<Ledger, "pending">): Promise<boolean> {
  const behind = links.filter((link) => link.behind && !link.waiting);
  const room = Math.max(LEAST_PAGE, PAGE_BYTES / behind.length);
  let found = false;
  for (const link of behind) {
    const page: LinkBatch[] = [];
    let bytes = 0;
    for await (const batch of ledger.pending(link.link, link.last)) {
      page.push(batch);
      if ((bytes += batch.bytes.length) >= room) break;
    }
    link.refill(page, bytes < room);
    found ||= page.length > 0;
  }
  return found;
}

/** By exchange: the least watermark of its links. */
export function exchangeWatermarks(links: readonly LinkInput[]): Map<number, number> {
  const watermarks = new Map<number, number>();
  for (const { exchange, watermark } of links) watermarks.set(exchange.index, Math.min(watermarks.get(exchange.index) ?? Infinity, watermark));
  return watermarks;
}
