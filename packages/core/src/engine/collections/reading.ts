import { ObjectRows } from "../../codec/formats/struct-rows.ts";
import { AFTER } from "../../contracts/batch.ts";
import type { Ledger } from "../../contracts/ledger.ts";
import type { Chunk } from "../../contracts/source.ts";
import type { TopicChunk } from "../../contracts/topics.ts";
import { changeLogOf } from "../../graph/refs.ts";
import { decodeChanges, decodeSnapshot } from "../../operators/sinks/row-changes.ts";
import { snapshotVersions } from "./store.ts";

/** A chunk of a collection's change log, but its first `skip` changes, as rows of a stream. */
export function changesChunk({ offset, count, bytes, since }: TopicChunk, skip: number): Chunk {
  const chunk = chunkOf(count - skip);
  let at = -skip;
  for (const { row, kind, time, stamp } of decodeChanges(bytes)) {
    if (at >= 0) {
      chunk.values[at] = row;
      chunk.kinds[at] = kind;
      chunk.times[at] = time;
      chunk.stamps[at] = stamp;
    }
    at++;
  }
  return { ...made(chunk), index: offset, next: offset + count, bytes: bytes.length, ...(since === undefined ? {} : { since }) };
}

/** All rows of a collection's snapshot, as changes that hold from when they are read; then the log goes on from its version. */
export async function snapshotChunk(collection: string, ledger: Pick<Ledger, "root" | "groups" | "state">): Promise<Chunk> {
  // Asked first: blocks that are written anew meanwhile are later, and the log is read from the version on.
  const version = (await snapshotVersions(ledger)).get(collection) ?? 0;
  const table = changeLogOf(collection);
  const values: unknown[] = [];
  let bytes = 0;
  for (const group of await ledger.groups(table)) {
    for (const block of await ledger.state({ table, group })) {
      bytes += block.length;
      for (const { row } of decodeSnapshot(block)) values.push(row);
    }
  }
  const chunk = { ...chunkOf(values.length), values };
  chunk.kinds.fill(AFTER);
  chunk.times.fill(Number.NaN);
  chunk.stamps.fill(Number.NaN);
  return { ...made(chunk), index: version, next: version, bytes };
}

interface Columns {
  readonly values: unknown[];
  readonly kinds: Uint8Array;
  readonly times: Float64Array;
  readonly stamps: Float64Array;
}

function chunkOf(count: number): Columns {
  return { values: new Array<unknown>(count), kinds: new Uint8Array(count), times: new Float64Array(count), stamps: new Float64Array(count) };
}

function made({ values, ...columns }: Columns): Omit<Chunk, "index" | "next" | "bytes"> {
  return { ...columns, count: values.length, rows: new ObjectRows(values), malformed: [] };
}
