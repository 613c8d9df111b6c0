import { ByteWriter } from "../codec/bytes.ts";
import type { Batch } from "../contracts/batch.ts";
import type { LinkBatch, TopicAppend } from "../contracts/ledger.ts";
import { rowAt, select } from "../operators/batches.ts";
import { changeLogOf } from "../graph/refs.ts";
import { storeRows } from "../operators/storing.ts";
import { encodeBatch } from "./batch-codec.ts";
import { linkId, type Exchange, type Plan, type PlannedOperator } from "./plan.ts";

interface Receivers {
  readonly exchange: Exchange;
  readonly writers: readonly ByteWriter[];
  /** How many batches each writer holds. */
  readonly batches: number[];
  /** Watermark last sent, the same to all. */
  watermark: number;
}

interface Appended {
  readonly topic: string;
  readonly partition: number;
  readonly writer: ByteWriter;
  count: number;
}

/** Gathers what a step gives to links, topics and collections, encoded for its commit. */
export class Outbox {
  readonly #plan: Plan;
  readonly #partition: number;
  readonly #keyGroups: number;
  /** A row of an operator cannot be sent. */
  readonly #fail: (operator: PlannedOperator, batch: Batch, row: number, error: unknown) => void;
  readonly #receivers = new Map<number, Receivers>();
  readonly #topics = new Map<string, Appended>();

  constructor(
    plan: Plan,
    exchanges: readonly Exchange[],
    partition: number,
    keyGroups: number,
    watermarks: ReadonlyMap<string, number>,
    fail: (operator: PlannedOperator, batch: Batch, row: number, error: unknown) => void,
  ) {
    this.#fail = fail;
    this.#plan = plan;
    this.#partition = partition;
    this.#keyGroups = keyGroups;
    for (const exchange of exchanges) {
      const { partitions } = plan.stages[exchange.to.stage];
      this.#receivers.set(exchange.index, {
        exchange,
        writers: Array.from({ length: partitions }, () => new ByteWriter()),
        batches: new Array<number>(partitions).fill(0),
        watermark: watermarks.get(exchange.id) ?? -Infinity,
      });
    }
  }

  send(exchange: Exchange, rows: Batch): void {
    const receivers = this.#receivers.get(exchange.index);
    if (receivers === undefined || rows.count === 0) return;
    const batch = exchange.keyBy === undefined && rows.keys !== undefined ? { ...rows, keys: undefined } : rows;
    const partitions = receivers.writers.length;
    if (exchange.kind !== "hash" || partitions === 1) {
      this.#write(receivers, exchange.kind === "forward" ? this.#partition : 0, batch);
      return;
    }
    const { keys } = batch;
    if (keys === undefined) return;
    const selections = receivers.writers.map(() => new Int32Array(batch.count));
    const counts = new Array<number>(partitions).fill(0);
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      const to = (keys.table.hash(keys.slots[row]) % this.#keyGroups) % partitions;
      selections[to][counts[to]++] = row;
    }
    for (let to = 0; to < partitions; to++) if (counts[to] > 0) this.#write(receivers, to, select(batch, selections[to], counts[to]));
  }

  append(topic: string, partition: number, batch: Batch): void {
    const entry = this.#entry(topic, partition);
    encodeWhole(batch, entry.writer);
    entry.count += batch.count;
  }

  /** Changes of a collection, as they lie in its change log. */
  change(collection: string, count: number, bytes: Uint8Array): void {
    const entry = this.#entry(changeLogOf(collection), 0);
    entry.writer.append(bytes);
    entry.count += count;
  }

  /** About how many bytes wait for the next commit. */
  get bytes(): number {
    let bytes = 0;
    for (const { writers } of this.#receivers.values()) for (const writer of writers) bytes += writer.length;
    for (const { writer } of this.#topics.values()) bytes += writer.length;
    return bytes;
  }

  /** Whether receivers do not know yet how far the senders' watermarks have come. */
  owes(watermarkOf: (operator: number) => number): boolean {
    for (const { exchange, watermark } of this.#receivers.values()) if (watermarkOf(exchange.from.operator) > watermark) return true;
    return false;
  }

  /**
   * Batches for links: the watermark that holds after the rows, since when they have been under way (for
   * the metrics), then the rows. `sent` counts sequences up.
   */
  takeSends(watermarkOf: (operator: number) => number, sent: Map<string, number>, since: number): LinkBatch[] {
    const sends: LinkBatch[] = [];
    for (const receivers of this.#receivers.values()) {
      const watermark = watermarkOf(receivers.exchange.from.operator);
      receivers.writers.forEach((writer, to) => {
        if (receivers.exchange.kind === "forward" && to !== this.#partition) return;
        if (receivers.batches[to] === 0 && watermark <= receivers.watermark) return;
        const link = linkId(this.#plan, receivers.exchange, this.#partition, to);
        const sequence = (sent.get(link) ?? 0) + 1;
        sent.set(link, sequence);
        const whole = new ByteWriter(writer.length + 24);
        whole.f64(watermark);
        whole.f64(since);
        whole.varint(receivers.batches[to]);
        whole.append(writer.bytes());
        sends.push({ link, sequence, bytes: whole.bytes() });
        writer.reset();
        receivers.batches[to] = 0;
      });
      receivers.watermark = watermark;
    }
    return sends;
  }

  takeAppends(): TopicAppend[] {
    const appends: TopicAppend[] = [];
    for (const { topic, partition, writer, count } of this.#topics.values()) {
      if (count === 0) continue;
      appends.push({ topic, partition, count, bytes: writer.take() });
    }
    this.#topics.clear();
    return appends;
  }

  /** Watermarks last sent, by exchange. */
  watermarks(): Map<string, number> {
    return new Map([...this.#receivers.values()].map(({ exchange, watermark }) => [exchange.id, watermark]));
  }

  #entry(topic: string, partition: number): Appended {
    const name = `${topic}/${partition}`;
    let entry = this.#topics.get(name);
    if (entry === undefined) this.#topics.set(name, (entry = { topic, partition, writer: new ByteWriter(), count: 0 }));
    return entry;
  }

  #write(receivers: Receivers, to: number, batch: Batch): void {
    const { operator } = receivers.exchange.from;
    const context = { fail: (failed: Batch, row: number, error: unknown): void => this.#fail(this.#plan.operators[operator], failed, row, error) };
    storeRows(batch, context, (rows) => {
      encodeWhole(rows, receivers.writers[to]);
      receivers.batches[to]++;
    });
  }
}

/** Encodes a batch, or throws and has written nothing. */
function encodeWhole(batch: Batch, writer: ByteWriter): void {
  const before = writer.length;
  try {
    encodeBatch(batch, writer);
  } catch (error) {
    writer.reset(before);
    throw error;
  }
}
