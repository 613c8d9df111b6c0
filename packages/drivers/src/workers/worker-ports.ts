import { BatchDecoder, systemClock, topicSource } from "@millrace/core/internal";
import type { Chunk, InstancePorts, Journal, Ledger, NoChunk, ReadPage, Source, TopicSignal } from "@millrace/core/internal";
import type { Calls } from "./calls.ts";
import type { MainMethods, WireChunk, WorkerMethods, WorkerStart } from "./messages.ts";
import { packCommit, readerOf, unpackBatches, unpackBlocks, unpackChunks } from "./packing.ts";
import { toWire } from "./wire-errors.ts";

type ToMain = Calls<WorkerMethods, MainMethods>;

/** How long a partition has to have had nothing to do before that is told. */
const RESTING_MILLISECONDS = 10;

/** What the main thread's signals wake. */
export class Wakeups {
  readonly topics = new Map<string, Set<() => void>>();
  readonly readers = new Map<number, () => void>();
}

/** Journals of sources that the main thread reads for this worker. */
export type Journals = Journal[];

export interface WorkerTopics {
  partitionsOf(topic: string): number;
  /** The source that this worker opens itself; undefined where a topic has none. */
  openHere(topic: string): Promise<Source> | undefined;
}

/** The ports of an instance in a worker: all but its own sources lead to the main thread. */
export function workerPorts(main: ToMain, start: WorkerStart, wakeups: Wakeups, journals: Journals, topics: WorkerTopics): InstancePorts {
  return {
    ledger: remoteLedger(main, start.capabilities),
    clock: systemClock(),
    chain: { before: (split, index, max) => main.call("before", { split, index, max }) },
    keyGroups: start.keyGroups,
    async source(topic) {
      const own = await topics.openHere(topic);
      if (own !== undefined) return own;
      const splits = await main.call("splits", topic);
      if (splits !== undefined) return remoteSource(main, topic, wakeups, journals);
      return topicSource(topic, topics.partitionsOf(topic), { read: remotePages(main), signal: signalOf(main, wakeups), ledger: remoteLedger(main, start.capabilities) });
    },
    finished: (partition) => main.tell("finished", partition),
    report: (partition, report) => main.tell("report", { partition, report }),
    ...(start.tellsState ? { holds: (partition: string, bytes: number, idle: boolean) => main.tell("holds", { partition, bytes, idle }) } : {}),
    resting: restTeller(main),
    failed: (partition, error) => main.tell("failed", { partition, error: toWire(error) }),
  };
}

function remoteLedger(main: ToMain, capabilities: WorkerStart["capabilities"]): Ledger {
  return {
    capabilities,
    fence: (partition) => main.call("fence", partition),
    root: (partition) => main.call("root", partition),
    partitions: () => main.call("partitions", undefined),
    retire: (partition) => main.call("retire", partition),
    commit(commit) {
      const packed = packCommit(commit);
      return main.call("commit", packed, packed.buffer);
    },
    state: async (address) => unpackBlocks(await main.call("state", address)),
    groups: (table) => main.call("groups", table),
    async *pending(link, after) {
      for (let seen = after; ; ) {
        const batches = unpackBatches(await main.call("pending", { link, after: seen }));
        if (batches.length === 0) return;
        for (const batch of batches) {
          seen = batch.sequence;
          yield batch;
        }
      }
    },
    readRecord: (name) => main.call("readRecord", name),
    writeRecord: (name, bytes) => main.call("writeRecord", { name, bytes }),
    close: () => Promise.resolve(),
  };
}

function remotePages(main: ToMain): ReadPage {
  return async (topic, partition, offset) => {
    const { range, chunks } = await main.call("page", { topic, partition, offset });
    return { range, chunks: chunks === undefined ? [] : unpackChunks(chunks) };
  };
}

/** Tells of rest only where it lasts: while atoms come every few milliseconds, a partition rests between any two of them. */
function restTeller(main: ToMain): (partition: string, resting: boolean) => void {
  const timers = new Map<string, NodeJS.Timeout>();
  return (partition, resting) => {
    const timer = timers.get(partition);
    timers.delete(partition);
    if (timer !== undefined) clearTimeout(timer);
    if (resting) {
      timers.set(partition, setTimeout(() => {
        timers.delete(partition);
        main.tell("resting", { partition, resting: true });
      }, RESTING_MILLISECONDS));
    } else if (timer === undefined) {
      main.tell("resting", { partition, resting: false });
    }
  };
}

function signalOf(main: ToMain, wakeups: Wakeups): TopicSignal {
  return {
    onGrowth(topic, callback) {
      let callbacks = wakeups.topics.get(topic);
      if (callbacks === undefined) {
        wakeups.topics.set(topic, (callbacks = new Set()));
        main.tell("listen", topic);
      }
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
  };
}

/** A source that the main thread has: its chunks come decoded, as packed columns. */
function remoteSource(main: ToMain, name: string, wakeups: Wakeups, journals: Journals): Source {
  return {
    name,
    splits: async () => (await main.call("splits", name)) ?? [],
    async open({ journal, ...open }) {
      const number = journal === undefined ? undefined : journals.push(journal) - 1;
      const reader = await main.call("openReader", { topic: name, open, journal: number });
      const decoder = new BatchDecoder(undefined);
      return {
        async next(): Promise<Chunk | NoChunk> {
          const wire = await main.call("nextChunk", reader);
          return typeof wire === "string" ? wire : unpackChunk(wire, decoder);
        },
        onReady: (callback) => void wakeups.readers.set(reader, callback),
        async close() {
          wakeups.readers.delete(reader);
          await main.call("closeReader", reader);
        },
      };
    },
  };
}

function unpackChunk({ batch, hasTimes, hasStamps, ...rest }: WireChunk, decoder: BatchDecoder): Chunk {
  const { rows, times, stamps } = decoder.decode(readerOf(batch));
  return { ...rest, rows, ...(hasTimes ? { times } : {}), ...(hasStamps ? { stamps } : {}) };
}
