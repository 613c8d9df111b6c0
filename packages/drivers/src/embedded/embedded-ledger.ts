import { resolve } from "node:path";
import type { Clock, Ledger, LedgerCapabilities, LinkBatch, Root, Topics } from "@millrace/core/internal";
import { systemClock } from "@millrace/core/internal";
import type { LogFiles } from "./files.ts";
import { nodeFiles } from "./files.ts";
import { checkFormat } from "./format.ts";
import { lockFolder, type FolderLock } from "./lock.ts";
import { holdName, type Log } from "./log.ts";
import { readPending, readState, readTopic } from "./reading.ts";
import { Segments } from "./segments.ts";
import { Sequencer } from "./sequencer.ts";
import { readFailure } from "./store-errors.ts";
import { copyRoot, writeCommit, writeFence, writeNamedRecord, writeRetention, writeRetirement, writeTrim } from "./writing.ts";

export interface EmbeddedLedgerOptions {
  /** The data folder; made where it is missing. Nothing outside it is touched. */
  readonly directory: string;
  /**
   * What a commit that was acknowledged survives: "process" (default) a killed process, "disk" a power
   * cut too, for an fdatasync per group of commits.
   */
  readonly durability?: "process" | "disk";
  /** Size at which a segment file ends; default 64 MiB, at most 512 MiB. */
  readonly segmentBytes?: number;
  /** Garbage that is left lying before any is cleaned away; default 64 MiB. */
  readonly slackBytes?: number;
  /** Where append times come from, for retention by age. Default: the system clock. */
  readonly clock?: Clock;
}

export interface EmbeddedLedgerStatistics {
  readonly segments: number;
  /** Bytes of all segment files. */
  readonly diskBytes: number;
  /** Bytes of state, pending batches and topics among them. */
  readonly liveBytes: number;
  /** Bytes of all blocks of state that a restart could ask for. */
  readonly stateBytes: number;
  /** Frames that opening read again. */
  readonly recoveredFrames: number;
}

export interface EmbeddedLedger extends Ledger, Topics {
  statistics(): EmbeddedLedgerStatistics;
}

/**
 * Opens the durable ledger of one process: an append-only log in one folder (DESIGN section 5), an
 * index in memory. Throws MILLRACE_STORE_LOCKED where someone has it open, MILLRACE_STORE_VERSION for
 * another format, MILLRACE_STORE_CORRUPT for damage.
 */
export function openEmbeddedLedger(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  return openLedgerOn(nodeFiles, options);
}

/** The same on other file operations, for tests that make them fail. */
export async function openLedgerOn(files: LogFiles, options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  const directory = resolve(options.directory);
  const lock = await makeAndLock(files, directory);
  const segments = new Segments(files, directory);
  try {
    checkFormat(directory, segments.list().length > 0);
    const sequencer = new Sequencer(segments, { ...DEFAULTS, ...options, clock: options.clock ?? systemClock() });
    return ledgerOver(sequencer, () => lock.release());
  } catch (error) {
    segments.closeAll();
    await lock.release();
    throw readFailure(directory, error);
  }
}

async function makeAndLock(files: LogFiles, directory: string): Promise<FolderLock> {
  try {
    files.makeDirectory(directory);
    return await lockFolder(directory);
  } catch (error) {
    throw readFailure(directory, error);
  }
}

const DEFAULTS = { durability: "process", segmentBytes: 64 * 1024 * 1024, slackBytes: 64 * 1024 * 1024 } as const;

/** A ledger over a log that is open; `release` follows its closing. */
export function ledgerOver(sequencer: Sequencer, release: () => Promise<void>): EmbeddedLedger {
  const { slackBytes, durability } = sequencer.options;
  const capabilities: LedgerCapabilities = { joined: true, durability };
  const read = async <T>(body: (log: Log) => T): Promise<T> => {
    try {
      return body(sequencer.log());
    } catch (error) {
      throw readFailure(sequencer.directory, error);
    }
  };
  let closing: Promise<void> | undefined;

  return {
    capabilities,
    fence: (partition) => sequencer.write((log) => writeFence(log, partition)),
    root: (partition) =>
      read(({ catalog }) => {
        const slot = catalog.slots.get(partition);
        return slot === undefined || slot.retired ? undefined : copyRoot(slot.root);
      }),
    partitions: () =>
      read(({ catalog }) => {
        const roots = new Map<string, Root>();
        for (const { name, root, retired } of catalog.slots) if (!retired) roots.set(name, copyRoot(root));
        return roots;
      }),
    retire: (partition) => sequencer.write((log) => writeRetirement(log, partition)),
    commit: (commit) => sequencer.write((log) => writeCommit(log, commit, slackBytes)),
    state: (address) => read((log) => readState(log, address)),
    groups: (table) =>
      read(({ catalog }) => {
        const groups: number[] = [];
        for (const [group, { fullBytes, deltaBytes }] of catalog.tables.get(table)?.groups ?? []) if (fullBytes + deltaBytes > 0) groups.push(group);
        return groups.sort((a, b) => a - b);
      }),
    pending: (link, after) => pending(link, after, read),
    readRecord: (name) => read(({ catalog }) => catalog.records.get(name)?.slice()),
    writeRecord: (name, bytes) => sequencer.write((log) => writeNamedRecord(log, name, bytes)),
    topics: () =>
      read(({ catalog }) => {
        const sizes = new Map<string, number>();
        for (const { name, logs } of catalog.topics) if (logs.length > 0) sizes.set(name, logs.length);
        return sizes;
      }),
    range: (topic, partition) =>
      read(({ catalog }) => {
        const log = catalog.topics.get(topic)?.logs[partition];
        return log === undefined ? { start: 0, end: 0 } : { start: log.start, end: log.end };
      }),
    read: (topic, partition, offset, maxBytes) => read((log) => readTopic(log, topic, partition, offset, maxBytes)),
    retain: (topic, retention) => sequencer.write((log) => writeRetention(log, topic, retention)),
    trim: (topic, partition, offset) => sequencer.write((log) => writeTrim(log, topic, partition, offset)),
    hold: (topic, partition, offset) => void sequencer.holds.set(holdName(topic, partition), offset),
    statistics: () => statistics(sequencer.log()),
    close() {
      closing ??= closeAll(sequencer, release);
      return closing;
    },
  };
}

async function closeAll(sequencer: Sequencer, release: () => Promise<void>): Promise<void> {
  await sequencer.close();
  await release();
}

async function* pending(link: string, after: number, read: <T>(body: (log: Log) => T) => Promise<T>): AsyncGenerator<LinkBatch> {
  let seen = after;
  for (;;) {
    const from = seen;
    const batches = await read((log) => readPending(log, link, from));
    if (batches.length === 0) return;
    for (const batch of batches) {
      seen = batch.sequence;
      yield batch;
    }
  }
}

function statistics({ catalog, recoveredFrames }: Log): EmbeddedLedgerStatistics {
  let diskBytes = 0;
  let liveBytes = 0;
  for (const { size, live } of catalog.segments.values()) {
    diskBytes += size;
    liveBytes += live;
  }
  return { segments: catalog.segments.size, diskBytes, liveBytes, stateBytes: catalog.stateBytes, recoveredFrames };
}
