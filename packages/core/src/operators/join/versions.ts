import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { Deadlines } from "./deadlines.ts";
import { GroupedSlots, KeyedLog, readKey, writeKey } from "./keyed-log.ts";

interface Version {
  readonly time: number;
  readonly stamp: number;
  /** From when on it is valid: its time, or its stamp where it came late. */
  readonly from: number;
  /** Undefined: from then on the key has no row. */
  readonly row: unknown;
  gone: boolean;
}

/**
 * The rows of a table, with as many versions of each as the watermark has not passed. The row at a
 * time is the one with the latest event time among those that are valid by then; of equal times
 * the one with the latest stamp, then the one that came last. A deleted row stays as a short record, so that a change that comes late
 * cannot bring an older row back.
 */
export class Versions implements StateTable {
  readonly name = "versions";
  readonly format = "versions-1";
  readonly #keys: KeySpace;
  /** Versions of a key, by time, stamp, then arrival. */
  readonly #rows = new Map<number, Version[]>();
  readonly #slots: GroupedSlots;
  readonly #added: KeyedLog<Version>;
  /** When an older version of a key may go. */
  readonly #superseded = new Deadlines();

  constructor(keys: KeySpace) {
    this.#keys = keys;
    this.#slots = new GroupedSlots(keys);
    this.#added = new KeyedLog(keys);
  }

  /** The row of a key as of a time that the watermark has not passed. */
  at(slot: number, time: number): unknown {
    const versions = this.#rows.get(slot);
    return versions?.[latest(versions, time)]?.row;
  }

  /** Throws MILLRACE_SCHEMA, and keeps nothing, for a row that cannot be stored. */
  set(slot: number, time: number, stamp: number, row: unknown): void {
    const version: Version = { time, stamp, from: Math.max(time, stamp), row, gone: false };
    this.#added.add(slot, version, (writer) => encodeVersion(version, writer));
    this.#insert(slot, version);
  }

  /** Forgets versions that are not the row any more at the watermark or later. */
  prune(watermark: number): void {
    while (this.#superseded.size > 0 && this.#superseded.next <= watermark) {
      const versions = this.#rows.get(this.#superseded.pop());
      if (versions === undefined) continue;
      const first = latest(versions, watermark);
      for (let i = 0; i < first; i++) versions[i].gone = true;
      if (first > 0) versions.splice(0, first);
    }
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    this.#added.take((version) => !version.gone, emit);
  }

  full(group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const slot of this.#slots.of(group)) {
      for (const version of this.#rows.get(slot) ?? []) {
        writeKey(this.#keys, slot, writer);
        encodeVersion(version, writer);
      }
    }
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const slot = readKey(this.#keys, reader);
      const time = reader.f64();
      const stamp = reader.f64();
      this.#insert(slot, { time, stamp, from: Math.max(time, stamp), row: decodeValue(reader), gone: false });
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  get memoryBytes(): number {
    return this.#rows.size * 200 + this.#superseded.memoryBytes;
  }

  #insert(slot: number, version: Version): void {
    let versions = this.#rows.get(slot);
    if (versions === undefined) {
      this.#rows.set(slot, (versions = []));
      this.#slots.add(slot);
    }
    let at = versions.length;
    while (at > 0 && isLater(versions[at - 1], version)) at--;
    versions.splice(at, 0, version);
    if (versions.length > 1) this.#superseded.push(Math.max(version.from, versions[versions.length - 1].from), slot);
  }
}

function isLater(a: Version, b: Version): boolean {
  return a.time > b.time || (a.time === b.time && a.stamp > b.stamp);
}

/** The place of the version that is the row at a time, or -1. */
function latest(versions: readonly Version[], time: number): number {
  let at = versions.length - 1;
  while (at >= 0 && versions[at].from > time) at--;
  return at;
}

function encodeVersion(version: Version, writer: ByteWriter): void {
  writer.f64(version.time);
  writer.f64(version.stamp);
  encodeValue(version.row, writer);
}
