import { ByteWriter } from "../../codec/bytes.ts";
import { encodeKey, identityOf } from "../../codec/key.ts";
import { keyGroup, keyHash } from "../../codec/murmur2.ts";
import { encodeValue } from "../../codec/values.ts";
import { DELETE, PROVISIONAL, type Batch, type Key } from "../../contracts/batch.ts";
import type { Collection, Topic } from "../../graph/refs.ts";
import { rowAt, select, single } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { storeRows } from "../storing.ts";

/** Where sinks put what a step gives to the world; it becomes real with the step's commit. */
export interface Outputs {
  /** Atoms for a partition of a topic; the engine encodes them. Throws, with nothing appended, where a value cannot be stored. */
  append(topic: string, partition: number, batch: Batch): void;
  /** A change of a collection's rows, encoded as `encodeRowChange` does, for a key group. */
  change(collection: string, group: number, bytes: Uint8Array): void;
}

/** Writes to a topic: finals only, unless the topic keeps every change. */
export function topicSink(target: Topic<unknown>, outputs: Outputs, context: OperatorContext): Operator {
  const append = (partition: number, batch: Batch): void => {
    storeRows(batch, context, (rows) => outputs.append(target.name, partition, rows));
  };
  return {
    tables: [],
    advance: () => undefined,
    process(_input, batch) {
      const rows = target.changelog ? batch : finals(batch);
      if (rows.count === 0) return;
      if (target.partitions === 1) {
        append(0, rows);
        return;
      }
      const selections = new Map<number, number[]>();
      forEachRow(rows, context, (row) => {
        const key = target.key === undefined ? null : target.key(rows.rows.get(row));
        const partition = groupOf(key, context.keyGroups) % target.partitions;
        const list = selections.get(partition);
        if (list === undefined) selections.set(partition, [row]);
        else list.push(row);
      });
      for (const [partition, list] of selections) append(partition, select(rows, Int32Array.from(list), list.length));
    },
  };
}

interface PendingRow {
  readonly key: Uint8Array;
  readonly row: unknown;
  readonly deleted: boolean;
  readonly time: number;
}

/** Upserts into a collection, or deletes where the row says so. Of several changes of a row in one step only the last is kept. */
export function collectionSink(target: Collection<unknown>, outputs: Outputs, context: OperatorContext): Operator {
  const scratch = new ByteWriter();
  const pending = new Map<number, Map<string, PendingRow>>();
  return {
    tables: [],
    advance: () => undefined,
    process(_input, batch) {
      forEachRow(batch, context, (at) => {
        const row = batch.rows.get(at);
        scratch.reset();
        encodeKey(target.key(row), scratch);
        const key = scratch.take();
        const group = keyGroup(keyHash(key, 0, key.length), context.keyGroups);
        let rows = pending.get(group);
        if (rows === undefined) pending.set(group, (rows = new Map<string, PendingRow>()));
        rows.set(identityOf(key), { key, row, deleted: ((batch.kinds?.[at] ?? 0) & ~PROVISIONAL) === DELETE, time: batch.times[at] });
      });
    },
    flush() {
      const ends: number[] = [];
      for (const rows of pending.values()) {
        for (const { key, row, deleted, time } of rows.values()) {
          const before = scratch.length;
          try {
            encodeRowChange(scratch, key, deleted ? undefined : { row });
          } catch (error) {
            scratch.reset(before);
            context.fail(single(row, time, time), 0, error);
          }
        }
        ends.push(scratch.length);
      }
      const bytes = scratch.take();
      let start = 0;
      let place = 0;
      for (const group of pending.keys()) {
        const end = ends[place++];
        if (end > start) outputs.change(target.name, group, bytes.subarray(start, end));
        start = end;
      }
      pending.clear();
    },
  };
}

/** One changed row of a collection: its key, and its new value or that it is gone. */
export function encodeRowChange(writer: ByteWriter, key: Uint8Array, value: { readonly row: unknown } | undefined): void {
  writer.varint(key.length);
  writer.append(key);
  writer.u8(value === undefined ? 0 : 1);
  if (value !== undefined) encodeValue(value.row, writer);
}

function finals(batch: Batch): Batch {
  const { kinds } = batch;
  if (kinds === undefined) return batch;
  const selection = new Int32Array(batch.count);
  let count = 0;
  for (let i = 0; i < batch.count; i++) {
    const row = rowAt(batch, i);
    if ((kinds[row] & PROVISIONAL) === 0 && kinds[row] !== DELETE) selection[count++] = row;
  }
  return select(batch, selection, count);
}

function groupOf(key: Key, keyGroups: number): number {
  const writer = new ByteWriter(32);
  encodeKey(key, writer);
  return keyGroup(keyHash(writer.bytes(), 0, writer.length), keyGroups);
}
