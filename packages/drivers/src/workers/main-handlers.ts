import { MillraceError } from "@millrace/core";
import { ByteWriter, encodeBatch, pagesOf } from "@millrace/core/internal";
import type { Batch, Chunk, HostEnvironment, Journal, LinkBatch, NoChunk, SplitReader } from "@millrace/core/internal";
import { giving, type Handlers } from "./calls.ts";
import type { MainMethods, WireChunk } from "./messages.ts";
import { packBatches, packBlocks, packChunks, taken, unpackCommit } from "./packing.ts";
import { fromWire } from "./wire-errors.ts";

/** About how many bytes of waiting batches go to a worker in one message. */
const PAGE_BYTES = 4 * 1024 * 1024;

export interface WorkerSignals {
  started(): void;
  /** A topic that the worker listens to has grown. */
  grown(topic: string): void;
  /** A reader that was idle may have something. */
  readable(reader: number): void;
  /** A journal that the worker has. */
  journal(number: number): Journal;
}

export interface MainSide {
  readonly handlers: Handlers<MainMethods>;
  /** Closes what the worker had opened here. */
  end(): Promise<void>;
}

/** Answers what a worker asks: the ledger, the chain of event times, topics, and sources that only this thread has. */
export function mainSide(environment: HostEnvironment, signals: WorkerSignals): MainSide {
  const { ports, topics, signal, bound } = environment;
  const { ledger } = ports;
  const read = pagesOf(topics);
  const readers = new Map<number, SplitReader>();
  const listening = new Map<string, () => void>();
  let nextReader = 0;
  const readerOf = (id: number): SplitReader => {
    const reader = readers.get(id);
    if (reader === undefined) throw new MillraceError("MILLRACE_INVARIANT", `reader ${id}`, "is not open");
    return reader;
  };

  const handlers: Handlers<MainMethods> = {
    started: () => signals.started(),
    fence: (partition) => ledger.fence(partition),
    root: (partition) => ledger.root(partition),
    partitions: () => ledger.partitions(),
    retire: (partition) => ledger.retire(partition),
    commit: (packed) => ledger.commit(unpackCommit(packed)),
    async state(address) {
      const packed = packBlocks(await ledger.state(address));
      return giving(packed, packed.buffer);
    },
    groups: (table) => ledger.groups(table),
    async pending({ link, after }) {
      const batches: LinkBatch[] = [];
      let bytes = 0;
      for await (const batch of ledger.pending(link, after)) {
        batches.push(batch);
        if ((bytes += batch.bytes.length) >= PAGE_BYTES) break;
      }
      const packed = packBatches(batches);
      return giving(packed, packed.buffer);
    },
    readRecord: (name) => ledger.readRecord(name),
    writeRecord: ({ name, bytes }) => ledger.writeRecord(name, bytes),
    before: ({ split, index, max }) => ports.chain.before(split, index, max),
    finished: (partition) => ports.finished(partition),
    failed: ({ partition, error }) => ports.failed(partition, fromWire(error)),
    report: ({ partition, report }) => ports.report?.(partition, report),
    holds: ({ partition, bytes, idle }) => ports.holds?.(partition, bytes, idle),
    resting: ({ partition, resting }) => ports.resting?.(partition, resting),
    async page({ topic, partition, offset }) {
      const { range, chunks } = await read(topic, partition, offset);
      if (chunks.length === 0) return { range, chunks: undefined };
      const packed = packChunks(chunks);
      return giving({ range, chunks: packed }, packed.buffer);
    },
    listen(topic) {
      if (!listening.has(topic)) listening.set(topic, signal.onGrowth(topic, () => signals.grown(topic)));
    },
    splits: async (topic) => bound(topic)?.splits(),
    async openReader({ topic, open, journal }) {
      const source = bound(topic);
      if (source === undefined) throw new MillraceError("MILLRACE_INVARIANT", `topic ${topic}`, "no source is bound to it in the main thread");
      const reader = await source.open(journal === undefined ? open : { ...open, journal: signals.journal(journal) });
      const id = nextReader++;
      readers.set(id, reader);
      reader.onReady?.(() => signals.readable(id));
      return id;
    },
    async nextChunk(id) {
      const chunk = await readerOf(id).next();
      if (typeof chunk === "string") return chunk satisfies NoChunk;
      const wire = packChunk(chunk);
      return giving<WireChunk>(wire, wire.batch.buffer);
    },
    async closeReader(id) {
      const reader = readers.get(id);
      readers.delete(id);
      await reader?.close();
    },
  };
  return {
    handlers,
    async end() {
      for (const deaf of listening.values()) deaf();
      await Promise.all([...readers.values()].map((reader) => reader.close()));
      readers.clear();
    },
  };
}

function packChunk(chunk: Chunk): WireChunk {
  const { index, next, count, malformed, bytes, times, stamps } = chunk;
  const zeros = times === undefined || stamps === undefined ? new Float64Array(count) : undefined;
  const batch: Batch = {
    count,
    selection: undefined,
    rows: chunk.rows,
    times: times ?? zeros ?? new Float64Array(count),
    stamps: stamps ?? zeros ?? new Float64Array(count),
    kinds: undefined,
    keys: undefined,
  };
  const writer = new ByteWriter(bytes + 1024);
  encodeBatch(batch, writer);
  return { index, next, count, malformed, bytes, batch: taken(writer), hasTimes: times !== undefined, hasStamps: stamps !== undefined };
}
