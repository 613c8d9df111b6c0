import type { Commit, Root } from "@millrace/core/internal";
import { invariant } from "@millrace/core/internal";
import { ENTRY, ENTRY_BYTES, EntryKind, FRAME, FRAME_HEADER_BYTES, hasInline, hasPayload, NameSpace } from "./layout.ts";
import { Names } from "./names.ts";
import { TopicLog } from "./topic-log.ts";

/** A run of a segment file's bytes. */
export interface Extent {
  readonly segment: number;
  readonly position: number;
  readonly length: number;
  readonly checksum: number;
}

/** Extents as flat arrays hold them: segment, position, length, checksum. */
export const STRIDE = 4;

export interface Slot {
  readonly id: number;
  readonly name: string;
  root: Root;
  retired: boolean;
  /** Chains that this partition should write anew, oldest first. */
  readonly overdue: Chain[];
  rewriteCredit: number;
}

/** The blocks of one address since its last full one. */
export interface Chain {
  readonly table: string;
  readonly tableId: number;
  readonly group: number;
  extents: number[];
  /** Whether the first block is a full one. */
  full: boolean;
  fullBytes: number;
  deltaBytes: number;
  /** Sizes at which it becomes overdue (again). */
  overdueAtExtents: number;
  overdueAtBytes: number;
}

export interface Table {
  readonly id: number;
  readonly name: string;
  readonly groups: Map<number, Chain>;
}

export interface Link {
  readonly id: number;
  readonly name: string;
  last: number;
  applied: number;
  /** Extents of batches applied + 1 to last, from `head` on. */
  extents: number[];
  head: number;
}

export interface Topic {
  readonly id: number;
  readonly name: string;
  bytes: number;
  milliseconds: number;
  readonly logs: TopicLog[];
}

export interface Segment {
  readonly number: number;
  size: number;
  /** Payload bytes that something in the index points to. */
  live: number;
}

/** When a chain is so long that reading it costs too much: writing it anew is asked for. */
const LONGEST_CHAIN = 64;
const SMALLEST_REWRITE = 16 * 1024;

/**
 * What is where: all roots, and for every byte of state, links and topics its place in the log. Fed by
 * frames alone, with the same code when they are written and when a restart reads them again.
 */
export class Catalog {
  readonly slots = new Names<Slot>();
  readonly tables = new Names<Table>();
  readonly links = new Names<Link>();
  readonly topics = new Names<Topic>();
  readonly records = new Map<string, Uint8Array>();
  readonly segments = new Map<number, Segment>();
  /** Bytes of all chains. */
  stateBytes = 0;
  frameNumber = 0;
  /** Chains that grew past their limit since this was last emptied. */
  crossed: Chain[] = [];
  /** Topics that got atoms since this was last emptied, and have a retention. */
  grown: TopicLog[] = [];
  /** Segments that have lost their last live byte since this was last emptied. */
  dead: number[] = [];

  readonly #text = new TextDecoder();

  slot(name: string): Slot {
    return this.slots.get(name) ?? this.slots.add(name, newSlot);
  }

  table(name: string): Table {
    return this.tables.get(name) ?? this.tables.add(name, newTable);
  }

  link(name: string): Link {
    return this.links.get(name) ?? this.links.add(name, newLink);
  }

  topic(name: string): Topic {
    return this.topics.get(name) ?? this.topics.add(name, newTopic);
  }

  segment(number: number): Segment {
    let segment = this.segments.get(number);
    if (segment === undefined) {
      segment = { number, size: 0, live: 0 };
      this.segments.set(number, segment);
    }
    return segment;
  }

  log(topic: Topic, partition: number): TopicLog {
    while (topic.logs.length <= partition) topic.logs.push(new TopicLog(topic, topic.logs.length));
    return topic.logs[partition];
  }

  /** Throws MILLRACE_INVARIANT for a commit that breaks a rule whatever its root says. */
  check(commit: Commit): void {
    const next = new Map<string, number>();
    for (const { link, sequence } of commit.sends) {
      const expected = next.get(link) ?? (this.links.get(link)?.last ?? 0) + 1;
      invariant(sequence === expected, `link ${link}`, `batch ${sequence} was sent where ${expected} is next.`);
      next.set(link, expected + 1);
    }
    for (const { link, sequence } of commit.applied) {
      const last = (next.get(link) ?? (this.links.get(link)?.last ?? 0) + 1) - 1;
      invariant(sequence <= last, `link ${link}`, `batch ${sequence} was applied but only ${last} were sent.`);
    }
    for (const { topic, partition, count, bytes } of commit.appends) {
      const some = Number.isSafeInteger(count) && count > 0 && bytes.length > 0;
      invariant(some, `topic ${topic}/${partition}`, `an append of ${count} atoms in ${bytes.length} bytes.`);
    }
  }

  /** Takes in the frame whose header lies at `at` of `bytes` and at `position` of the segment. */
  apply(bytes: Uint8Array, view: DataView, at: number, segment: number, position: number): void {
    const entries = view.getUint32(at + FRAME.entries, true);
    const directoryBytes = view.getUint32(at + FRAME.directoryBytes, true);
    const time = view.getFloat64(at + FRAME.time, true);
    const here = this.segment(segment);
    this.frameNumber = view.getFloat64(at + FRAME.number, true);
    let payloadAt = position + FRAME_HEADER_BYTES + directoryBytes;
    let inlineAt = at + FRAME_HEADER_BYTES + entries * ENTRY_BYTES;
    for (let i = 0, entry = at + FRAME_HEADER_BYTES; i < entries; i++, entry += ENTRY_BYTES) {
      const kind = view.getUint8(entry + ENTRY.kind);
      const length = view.getUint32(entry + ENTRY.length, true);
      if (hasPayload(kind)) {
        this.#applyPayload(view, entry, kind, here, payloadAt, length, time);
        payloadAt += length;
      } else {
        this.#applyPlain(bytes, view, entry, kind, inlineAt, length);
        if (hasInline(kind)) inlineAt += length;
      }
    }
  }

  #applyPayload(view: DataView, entry: number, kind: number, segment: Segment, position: number, length: number, time: number): void {
    const a = view.getUint32(entry + ENTRY.a, true);
    const b = view.getUint32(entry + ENTRY.b, true);
    const c = view.getFloat64(entry + ENTRY.c, true);
    const d = view.getUint32(entry + ENTRY.d, true);
    const checksum = view.getUint32(entry + ENTRY.checksum, true);
    if (kind !== EntryKind.table) segment.live += length;
    switch (kind) {
      case EntryKind.state:
        this.#appendState(a, b, view.getUint8(entry + ENTRY.flag) === 1, segment.number, position, length, checksum);
        break;
      case EntryKind.send:
        this.#send(a, c, segment.number, position, length, checksum);
        break;
      case EntryKind.append: {
        const topic = this.topics.at(a);
        const log = this.log(topic, b);
        log.append(segment.number, c, d, position, length, checksum, time);
        if (topic.bytes !== Infinity || topic.milliseconds !== Infinity) this.grown.push(log);
        break;
      }
      case EntryKind.moveState:
        this.#replace(this.#chain(a, b).extents, c, d, segment.number, position, length);
        break;
      case EntryKind.moveSend: {
        const link = this.links.at(a);
        const place = link.head + (c - link.applied - 1) * STRIDE;
        this.#replace(link.extents, link.extents[place], link.extents[place + 1], segment.number, position, length);
        break;
      }
      case EntryKind.moveChunk: {
        const from = this.log(this.topics.at(a), b).move(segment.number, c, d, position, length, checksum, view.getFloat64(entry + ENTRY.e, true));
        this.#free(from, length);
        break;
      }
      default: // A chunk table is found through the run that it belongs to.
    }
  }

  #applyPlain(bytes: Uint8Array, view: DataView, entry: number, kind: number, inlineAt: number, length: number): void {
    const flag = view.getUint8(entry + ENTRY.flag);
    const a = view.getUint32(entry + ENTRY.a, true);
    const b = view.getUint32(entry + ENTRY.b, true);
    const c = view.getFloat64(entry + ENTRY.c, true);
    const d = view.getUint32(entry + ENTRY.d, true);
    const e = view.getFloat64(entry + ENTRY.e, true);
    const checksum = view.getUint32(entry + ENTRY.checksum, true);
    switch (kind) {
      case EntryKind.name:
        this.#name(flag, a, this.#text.decode(bytes.subarray(inlineAt, inlineAt + length)));
        break;
      case EntryKind.root: {
        const slot = this.slots.at(a);
        const progress = bytes.slice(inlineAt + 8, inlineAt + length);
        slot.root = { epoch: c, version: e, progress, wakeAt: view.getFloat64(inlineAt, true) };
        slot.retired = flag === 1;
        break;
      }
      case EntryKind.applied:
        this.#applied(this.links.at(a), c);
        break;
      case EntryKind.record: {
        const name = this.#text.decode(bytes.subarray(inlineAt, inlineAt + a));
        this.records.set(name, bytes.slice(inlineAt + a, inlineAt + length));
        break;
      }
      case EntryKind.retention: {
        const topic = this.topics.at(a);
        topic.bytes = c;
        topic.milliseconds = e;
        break;
      }
      case EntryKind.trim:
        this.log(this.topics.at(a), b).trim(c, (segment, freed) => this.#free(segment, freed));
        break;
      case EntryKind.link: {
        const link = this.links.at(a);
        link.last = c;
        link.applied = e;
        break;
      }
      case EntryKind.sendAt:
        this.links.at(a).extents.push(b, d, length, checksum);
        this.segment(b).live += length;
        break;
      case EntryKind.stateAt:
        this.#appendState(a, b, flag === 1, c, d, length, checksum);
        this.segment(c).live += length;
        break;
      case EntryKind.topicLog: {
        const log = this.log(this.topics.at(a), b);
        log.start = c;
        log.end = e;
        break;
      }
      case EntryKind.run: {
        const run = this.log(this.topics.at(a), b).restoreRun(view, inlineAt);
        this.segment(run.segment).live += run.bytes;
        break;
      }
      case EntryKind.segment:
        this.segment(a).size = c;
        break;
      default:
        invariant(false, "ledger log", `an entry of unknown kind ${kind}.`);
    }
  }

  #name(space: number, id: number, name: string): void {
    if (space === NameSpace.partition) this.slots.put(id, name, newSlot);
    else if (space === NameSpace.table) this.tables.put(id, name, newTable);
    else if (space === NameSpace.link) this.links.put(id, name, newLink);
    else this.topics.put(id, name, newTopic);
  }

  #chain(tableId: number, group: number): Chain {
    const table = this.tables.at(tableId);
    let chain = table.groups.get(group);
    if (chain === undefined) {
      const sizes = { full: false, fullBytes: 0, deltaBytes: 0, overdueAtExtents: LONGEST_CHAIN, overdueAtBytes: SMALLEST_REWRITE };
      chain = { table: table.name, tableId, group, extents: [], ...sizes };
      table.groups.set(group, chain);
    }
    return chain;
  }

  #appendState(table: number, group: number, full: boolean, segment: number, position: number, length: number, checksum: number): void {
    const chain = this.#chain(table, group);
    if (full) {
      for (let i = 0; i < chain.extents.length; i += STRIDE) this.#free(chain.extents[i], chain.extents[i + 2]);
      this.stateBytes += length - chain.fullBytes - chain.deltaBytes;
      chain.extents = [segment, position, length, checksum];
      chain.full = true;
      chain.fullBytes = length;
      chain.deltaBytes = 0;
      chain.overdueAtExtents = LONGEST_CHAIN;
      chain.overdueAtBytes = Math.max(length, SMALLEST_REWRITE);
      return;
    }
    chain.extents.push(segment, position, length, checksum);
    chain.deltaBytes += length;
    this.stateBytes += length;
    if (chain.extents.length > chain.overdueAtExtents * STRIDE || chain.deltaBytes > chain.overdueAtBytes) this.crossed.push(chain);
  }

  #send(id: number, sequence: number, segment: number, position: number, length: number, checksum: number): void {
    const link = this.links.at(id);
    invariant(sequence === link.last + 1, `link ${link.name}`, `batch ${sequence} follows ${link.last}.`);
    link.last = sequence;
    link.extents.push(segment, position, length, checksum);
  }

  #applied(link: Link, sequence: number): void {
    while (link.applied < sequence) {
      this.#free(link.extents[link.head], link.extents[link.head + 2]);
      link.head += STRIDE;
      link.applied++;
    }
    if (link.head === link.extents.length) link.extents = [];
    else if (link.head * 2 > link.extents.length) link.extents = link.extents.slice(link.head);
    else return;
    link.head = 0;
  }

  #replace(extents: number[], oldSegment: number, oldPosition: number, segment: number, position: number, length: number): void {
    for (let i = 0; i < extents.length; i += STRIDE) {
      if (extents[i] !== oldSegment || extents[i + 1] !== oldPosition || extents[i + 2] !== length) continue;
      extents[i] = segment;
      extents[i + 1] = position;
      this.#free(oldSegment, length);
      return;
    }
    invariant(false, `segment ${oldSegment}`, `the extent at ${oldPosition} that is to be moved is not in the index.`);
  }

  #free(segment: number, bytes: number): void {
    const { number, live } = this.segment(segment);
    this.segment(segment).live = live - bytes;
    if (live === bytes) this.dead.push(number);
  }
}

const NO_BYTES = new Uint8Array(0);
export const NO_ROOT: Root = { epoch: 0, version: 0, progress: NO_BYTES, wakeAt: Infinity };

function newSlot(id: number, name: string): Slot {
  return { id, name, root: NO_ROOT, retired: true, overdue: [], rewriteCredit: 0 };
}

function newTable(id: number, name: string): Table {
  return { id, name, groups: new Map() };
}

function newLink(id: number, name: string): Link {
  return { id, name, last: 0, applied: 0, extents: [], head: 0 };
}

function newTopic(id: number, name: string): Topic {
  return { id, name, bytes: Infinity, milliseconds: Infinity, logs: [] };
}
