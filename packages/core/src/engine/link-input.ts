import { ByteReader } from "../codec/bytes.ts";
import type { LinkBatch } from "../contracts/ledger.ts";
import type { BatchDecoder } from "./batch-codec.ts";
import type { Exchange } from "./plan.ts";
import type { Pipeline } from "./pipeline.ts";

/** One link as its receiver sees it: applies exactly the next batch, drops what it has, holds back what is further. */
export class LinkInput {
  readonly link: string;
  readonly exchange: Exchange;
  #applied: number;
  #watermark: number;
  readonly #early = new Map<number, LinkBatch>();
  readonly #ready: LinkBatch[] = [];
  #last: number;

  constructor(link: string, exchange: Exchange, applied: number, watermark: number) {
    this.link = link;
    this.exchange = exchange;
    this.#applied = applied;
    this.#last = applied;
    this.#watermark = watermark;
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

  receive(batch: LinkBatch): void {
    if (batch.sequence <= this.#last) return;
    this.#early.set(batch.sequence, batch);
    for (let next = this.#early.get(this.#last + 1); next !== undefined; next = this.#early.get(this.#last + 1)) {
      this.#last++;
      this.#early.delete(next.sequence);
      this.#ready.push(next);
    }
  }

  /** Feeds the oldest waiting batch to the pipeline; returns its atoms and bytes. */
  apply(pipeline: Pipeline, decoder: BatchDecoder): { readonly count: number; readonly bytes: number } {
    const batch = this.#ready.shift();
    if (batch === undefined) return { count: 0, bytes: 0 };
    const reader = new ByteReader(batch.bytes);
    const watermark = reader.f64();
    let count = 0;
    for (let n = reader.varint(); n > 0; n--) {
      const rows = decoder.decode(reader);
      count += rows.count;
      pipeline.fromExchange(this.exchange, rows);
    }
    this.#applied = batch.sequence;
    if (watermark > this.#watermark) this.#watermark = watermark;
    return { count, bytes: batch.bytes.length };
  }
}
