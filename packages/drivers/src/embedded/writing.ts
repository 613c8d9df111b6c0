import { MillraceError } from "@millrace/core";
import type { Commit, CommitResult, Retention, Root, StateAddress } from "@millrace/core/internal";
import { NO_ROOT, STRIDE, type Link, type Slot, type Table, type Topic } from "./catalog.ts";
import { EntryKind, FrameKind, NameSpace } from "./layout.ts";
import type { Log } from "./log.ts";
import { writeName, writeRecord, writeRoot } from "./snapshot.ts";
import type { TopicLog } from "./topic-log.ts";

/** A commit's bytes have to fit into a frame, whose positions are 31 bits wide. */
const LARGEST_COMMIT = 1024 * 1024 * 1024;
/** Bytes of state that a partition may be asked to write anew, per byte it committed. */
const REWRITTEN_PER_COMMITTED = 2;
/** The same for commits of next to nothing. */
const LEAST_REWRITE_CREDIT = 2 * 1024;
const MOST_REWRITE_CREDIT = 4 * 1024 * 1024;

/** Adds a commit's frame, unless its root has moved on. Throws, having added nothing, where it breaks a rule. */
export function writeCommit(log: Log, commit: Commit, slackBytes: number): CommitResult {
  const { catalog, group } = log;
  const slot = catalog.slots.get(commit.partition);
  const root = slot?.root ?? NO_ROOT;
  if (slot === undefined || slot.retired || root.epoch !== commit.epoch || root.version !== commit.version - 1) {
    return { outcome: "refused", root: copyRoot(root) };
  }
  catalog.check(commit);
  checkSize(commit);

  log.beginFrame(FrameKind.commit);
  const { epoch, version, progress, wakeAt } = commit;
  writeRoot(group, { id: slot.id, root: { epoch, version, progress, wakeAt }, retired: false });
  for (const { table, group: number, full, bytes } of commit.state) {
    const { id } = tableNamed(log, table);
    group.entry(EntryKind.state, full ? 1 : 0, id, number, 0, 0, 0);
    group.payload(bytes);
  }
  for (const { link, sequence, bytes } of commit.sends) {
    const { id } = linkNamed(log, link);
    group.entry(EntryKind.send, 0, id, 0, sequence, 0, 0);
    group.payload(bytes);
  }
  for (const { link, sequence } of commit.applied) {
    const known = catalog.links.get(link);
    if (known !== undefined) group.entry(EntryKind.applied, 0, known.id, 0, sequence, 0, 0);
  }
  const offsets = writeAppends(log, commit);
  const size = log.endFrame();
  if (catalog.grown.length > 0) {
    log.trim(catalog.grown);
    catalog.grown = [];
  }
  return { outcome: "applied", offsets, rewrite: rewrites(log, slot, size, slackBytes) };
}

/** Raises a partition's epoch. */
export function writeFence(log: Log, partition: string): Root {
  log.beginFrame(FrameKind.root);
  const slot = slotNamed(log, partition);
  writeRoot(log.group, { id: slot.id, root: { ...slot.root, epoch: slot.root.epoch + 1 }, retired: false });
  log.endFrame();
  return copyRoot(slot.root);
}

/** Forgets a root but for its epoch. */
export function writeRetirement(log: Log, partition: string): void {
  const slot = log.catalog.slots.get(partition);
  if (slot === undefined || slot.retired) return;
  log.beginFrame(FrameKind.root);
  writeRoot(log.group, { id: slot.id, root: { ...NO_ROOT, epoch: slot.root.epoch }, retired: true });
  log.endFrame();
}

export function writeNamedRecord(log: Log, name: string, bytes: Uint8Array): void {
  log.beginFrame(FrameKind.record);
  writeRecord(log.group, name, bytes);
  log.endFrame();
}

export function writeRetention(log: Log, name: string, { bytes = Infinity, milliseconds = Infinity }: Retention): void {
  log.beginFrame(FrameKind.retention);
  const topic = topicNamed(log, name);
  log.group.entry(EntryKind.retention, 0, topic.id, 0, bytes, 0, milliseconds);
  log.endFrame();
  log.trim(topic.logs);
}

/** Lets a topic's chunks below an offset go. */
export function writeTrim(log: Log, name: string, partition: number, offset: number): void {
  const topic = log.catalog.topics.get(name);
  const topicLog = topic?.logs[partition];
  if (topic === undefined || topicLog === undefined) return;
  const start = topicLog.startFor(offset);
  if (start <= topicLog.start) return;
  log.beginFrame(FrameKind.retention);
  log.group.entry(EntryKind.trim, 0, topic.id, partition, start, 0, 0);
  log.endFrame();
}

export function copyRoot(root: Root): Root {
  return { ...root, progress: root.progress.slice() };
}

function writeAppends(log: Log, commit: Commit): number[] {
  const offsets: number[] = [];
  const next = new Map<TopicLog, number>();
  for (const { topic, partition, count, bytes } of commit.appends) {
    const owner = topicNamed(log, topic);
    const topicLog = log.catalog.log(owner, partition);
    const offset = next.get(topicLog) ?? topicLog.end;
    next.set(topicLog, offset + count);
    log.group.entry(EntryKind.append, 0, owner.id, partition, offset, count, 0);
    log.group.payload(bytes);
    offsets.push(offset);
  }
  return offsets;
}

/** Which addresses of this partition are due to be written anew, within what it committed. */
function rewrites({ catalog }: Log, slot: Slot, committed: number, slackBytes: number): StateAddress[] {
  for (const chain of catalog.crossed) {
    if (chain.extents.length <= chain.overdueAtExtents * STRIDE && catalog.stateBytes < slackBytes) continue;
    chain.overdueAtExtents = Math.ceil((chain.extents.length / STRIDE) * 1.5);
    chain.overdueAtBytes = Math.max(chain.overdueAtBytes, chain.deltaBytes) * 1.5;
    slot.overdue.push(chain);
  }
  catalog.crossed = [];
  const { overdue } = slot;
  const credit = slot.rewriteCredit + committed * REWRITTEN_PER_COMMITTED + LEAST_REWRITE_CREDIT;
  slot.rewriteCredit = Math.min(credit, MOST_REWRITE_CREDIT);
  const addresses: StateAddress[] = [];
  while (overdue.length > 0 && slot.rewriteCredit > 0) {
    const chain = overdue.shift();
    if (chain === undefined || (chain.full && chain.extents.length === STRIDE)) continue;
    slot.rewriteCredit -= Math.max(chain.fullBytes, chain.full ? 0 : chain.deltaBytes);
    addresses.push({ table: chain.table, group: chain.group });
  }
  return addresses;
}

function checkSize(commit: Commit): void {
  let size = commit.progress.length;
  for (const parts of [commit.state, commit.sends, commit.appends]) for (const { bytes } of parts) size += bytes.length;
  if (size <= LARGEST_COMMIT) return;
  const message = `${size} bytes in one commit; at most ${LARGEST_COMMIT} fit. Commit more often.`;
  throw new MillraceError("MILLRACE_USAGE", `partition ${commit.partition}`, message);
}

function slotNamed({ catalog, group }: Log, name: string): Slot {
  const known = catalog.slots.get(name);
  if (known !== undefined) return known;
  const added = catalog.slot(name);
  writeName(group, NameSpace.partition, added.id, name);
  return added;
}

function tableNamed({ catalog, group }: Log, name: string): Table {
  const known = catalog.tables.get(name);
  if (known !== undefined) return known;
  const added = catalog.table(name);
  writeName(group, NameSpace.table, added.id, name);
  return added;
}

function linkNamed({ catalog, group }: Log, name: string): Link {
  const known = catalog.links.get(name);
  if (known !== undefined) return known;
  const added = catalog.link(name);
  writeName(group, NameSpace.link, added.id, name);
  return added;
}

function topicNamed({ catalog, group }: Log, name: string): Topic {
  const known = catalog.topics.get(name);
  if (known !== undefined) return known;
  const added = catalog.topic(name);
  writeName(group, NameSpace.topic, added.id, name);
  return added;
}
