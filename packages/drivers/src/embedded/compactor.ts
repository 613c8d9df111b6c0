import { MillraceError } from "@millrace/core";
import { STRIDE, type Catalog, type Chain, type Link } from "./catalog.ts";
import type { Log } from "./log.ts";
import { EntryKind, FrameKind } from "./layout.ts";
import { CHUNK_STRIDE, chunkHolding, type Run, type TopicLog } from "./topic-log.ts";

/** Least to copy with a group, so that small commits make headway too. */
const LEAST_COPY = 128 * 1024;
/** Bytes copied per byte committed: cleaning outruns writing where half of the log is garbage. */
const COPIED_PER_WRITTEN = 2;

interface Work {
  readonly segment: number;
  readonly chains: Chain[];
  readonly links: Link[];
  readonly logs: TopicLog[];
}

/**
 * Frees disk space: when more than half of the log is garbage (and more than `slackBytes` of it), what
 * still lives in the emptiest segment is copied to the end, a share with every group that is written.
 */
export class Compactor {
  readonly #slackBytes: number;
  #work: Work | undefined;
  /** Segments with damaged bytes; these are reported where they are read, not here. */
  readonly #skipped = new Set<number>();

  constructor(slackBytes: number) {
    this.#slackBytes = slackBytes;
  }

  /** Forgets work that was planned on another index. */
  reset(): void {
    this.#work = undefined;
  }

  /** Adds a copy frame to the group under way, if there is anything to do. */
  step(log: Log): void {
    this.#work ??= this.#plan(log);
    if (this.#work === undefined) return;
    const { moves, bytes } = this.#gather(log, this.#work);
    if (moves.length === 0) {
      this.#work = undefined;
      return;
    }
    log.beginFrame(FrameKind.copy);
    for (let i = 0; i < moves.length; i++) {
      const { kind, a, b, c, d, e } = moves[i];
      log.group.entry(kind, 0, a, b, c, d, e);
      log.group.payload(bytes[i]);
    }
    log.endFrame();
  }

  #gather(log: Log, work: Work): { moves: Move[]; bytes: Uint8Array[] } {
    try {
      const moves = nextMoves(work, log, Math.max(LEAST_COPY, log.group.size * COPIED_PER_WRITTEN));
      return { moves, bytes: log.segments.read(moves.flatMap(({ extent }) => extent)) };
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#skipped.add(work.segment);
      return { moves: [], bytes: [] };
    }
  }

  #plan(log: Log): Work | undefined {
    const { catalog } = log;
    let size = 0;
    let live = 0;
    let emptiest = -1;
    let share = 1;
    for (const segment of catalog.segments.values()) {
      size += segment.size;
      live += segment.live;
      if (segment.number === log.active || segment.live === 0 || this.#skipped.has(segment.number)) continue;
      if (segment.live / segment.size >= share) continue;
      share = segment.live / segment.size;
      emptiest = segment.number;
    }
    if (emptiest < 0 || size - live <= Math.max(live, this.#slackBytes)) return undefined;
    return collect(catalog, emptiest);
  }
}

function collect(catalog: Catalog, segment: number): Work {
  const work: Work = { segment, chains: [], links: [], logs: [] };
  for (const { groups } of catalog.tables) {
    for (const chain of groups.values()) if (holds(chain.extents, 0, segment)) work.chains.push(chain);
  }
  for (const link of catalog.links) if (holds(link.extents, link.head, segment)) work.links.push(link);
  for (const { logs } of catalog.topics) {
    for (const log of logs) if (log.runs.some((run) => run.segment === segment)) work.logs.push(log);
  }
  return work;
}

function holds(extents: readonly number[], from: number, segment: number): boolean {
  for (let i = from; i < extents.length; i += STRIDE) if (extents[i] === segment) return true;
  return false;
}

/** Fields of an entry, and the extent whose bytes it carries. */
interface Move {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly extent: readonly number[];
}

/** What is to be moved next, about `budget` bytes; none when nothing is left in the segment. */
function nextMoves({ segment, chains, links, logs }: Work, log: Log, budget: number): Move[] {
  const moves: Move[] = [];
  let rest = budget;
  for (let chain = chains.pop(); chain !== undefined; chain = chains.pop()) {
    rest -= chainMoves(chain, segment, moves);
    if (rest <= 0) return moves;
  }
  for (let link = links.at(-1); link !== undefined; link = links.at(-1)) {
    rest -= linkMoves(link, segment, rest, moves);
    // What is left of this link comes with a later group.
    if (rest <= 0) return moves;
    links.pop();
  }
  if (moves.length > 0) return moves;
  for (let topicLog = logs.at(-1); topicLog !== undefined; topicLog = logs.at(-1)) {
    const run = topicLog.runs.find((candidate) => candidate.segment === segment);
    if (run !== undefined) return chunkMoves(log, topicLog, run, budget);
    logs.pop();
  }
  return moves;
}

function chainMoves({ tableId, group, extents }: Chain, segment: number, moves: Move[]): number {
  let bytes = 0;
  for (let i = 0; i < extents.length; i += STRIDE) {
    if (extents[i] !== segment) continue;
    const extent = extents.slice(i, i + STRIDE);
    moves.push({ kind: EntryKind.moveState, a: tableId, b: group, c: segment, d: extent[1], e: 0, extent });
    bytes += extent[2];
  }
  return bytes;
}

function linkMoves({ id, extents, head, applied }: Link, segment: number, budget: number, moves: Move[]): number {
  let bytes = 0;
  for (let i = head, sequence = applied + 1; i < extents.length && bytes < budget; i += STRIDE, sequence++) {
    if (extents[i] !== segment) continue;
    moves.push({ kind: EntryKind.moveSend, a: id, b: 0, c: sequence, d: 0, e: 0, extent: extents.slice(i, i + STRIDE) });
    bytes += extents[i + 2];
  }
  return bytes;
}

function chunkMoves(log: Log, topicLog: TopicLog, run: Run, budget: number): Move[] {
  const chunks = log.tables.get(run);
  const { id } = log.catalog.topic(topicLog.topic.name);
  const moves: Move[] = [];
  let rest = budget;
  for (let i = chunkHolding(chunks, run.first); i < chunks.length && rest > 0; i += CHUNK_STRIDE) {
    const [offset, count, position, length, checksum, time] = chunks.slice(i, i + CHUNK_STRIDE);
    moves.push({ kind: EntryKind.moveChunk, a: id, b: topicLog.partition, c: offset, d: count, e: time, extent: [run.segment, position, length, checksum] });
    rest -= length;
  }
  return moves;
}
