import { ByteWriter } from "../../codec/bytes.ts";
import { encodeKey, identityOf } from "../../codec/key.ts";
import { keyGroup, keyHash } from "../../codec/murmur2.ts";
import { AFTER, BEFORE, DELETE, INSERT, PROVISIONAL, type Batch, type Key } from "../../contracts/batch.ts";
import type { Collection, Topic } from "../../graph/refs.ts";
import { rowAt, select, single } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { storeRows } from "../storing.ts";
import { encodeChange, type RowChange } from "./row-changes.ts";

/** Where sinks put what a step gives to the world; it becomes real with the step's commit. */
export interface Outputs {
  /** Atoms for a partition of a topic; the engine encodes them. Throws, with nothing appended, where a value cannot be stored. */
  append(topic: string, partition: number, batch: Batch): void;
  /** Changes of a collection's rows, encoded as `encodeChange` does; the bytes are only good until the call returns. */
  change(collection: string, count: number, bytes: Uint8Array): void;
  /** Whether a workflow reads the changes of a collection. */
  isRead(collection: string): boolean;
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
      const plain = batch.keys === undefined ? batch : { ...batch, keys: undefined };
      const rows = target.changelog ? plain : finals(plain);
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

/**
 * Upserts into a collection, or deletes where the row says so. Of several changes of a row in one step only
 * the last is kept; where a workflow reads the collection, the last of each event time.
 */
export function collectionSink(target: Collection<unknown>, outputs: Outputs, context: OperatorContext): Operator {
  const scratch = new ByteWriter();
  const history = outputs.isRead(target.name);
  const last = new Map<string, number>();
  const pending: RowChange[] = [];
  return {
    tables: [],
    advance: () => undefined,
    process(_input, batch) {
      forEachRow(batch, context, (at) => {
        const kind = batch.kinds?.[at] ?? INSERT;
        const plain = kind & ~PROVISIONAL;
        const row = batch.rows.get(at);
        scratch.reset();
        encodeKey(target.key(row), scratch);
        const key = scratch.take();
        const identity = identityOf(key);
        const taken = plain === DELETE || plain === BEFORE || target.deleted?.(row) === true;
        const change = { key, kind: (taken ? DELETE : AFTER) | (kind & PROVISIONAL), time: batch.times[at], stamp: batch.stamps[at], row };
        const before = last.get(identity);
        if (before !== undefined && (!history || replaces(change, pending[before]))) pending[before] = change;
        else last.set(identity, pending.push(change) - 1);
      });
    },
    flush() {
      if (pending.length === 0) return;
      let count = 0;
      scratch.reset();
      for (const change of pending) {
        try {
          encodeChange(scratch, change);
          count++;
        } catch (error) {
          context.fail(single(change.row, change.time, change.stamp), 0, error);
        }
      }
      if (count > 0) outputs.change(target.name, count, scratch.bytes());
      pending.length = 0;
      last.clear();
    },
  };
}

/** Whether nobody can tell, at any event time, that there was another change before. */
function replaces(change: RowChange, before: RowChange): boolean {
  return before.time === change.time || (before.kind & PROVISIONAL) !== 0;
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
