import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";
import { BytesSet } from "../../src/codec/bytes-set.ts";
import { ColumnKeys, columnKeys } from "../../src/codec/column-keys.ts";
import { numberColumn, stringColumnFrom } from "../../src/codec/columns.ts";
import { createRowLayout, StructRows } from "../../src/codec/formats/struct-rows.ts";
import { KeyTable } from "../../src/codec/key-table.ts";
import { keyBytes, numberKeyHash } from "../../src/codec/key.ts";
import { keyHash } from "../../src/codec/murmur2.ts";
import { NumberSet } from "../../src/codec/number-set.ts";
import type { Batch, Key } from "../../src/contracts/batch.ts";
import type { Column } from "../../src/contracts/columns.ts";
import { BatchDecoder, encodeBatch } from "../../src/engine/batch-codec.ts";
import { KeySpace } from "../../src/operators/state/key-space.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const text = fc.string({ unit: "grapheme" });

function batchOf(column: Column, rows: number, selection?: Int32Array): Batch {
  const times = new Float64Array(rows);
  const layout = createRowLayout([{ name: "id", kind: column.type }]);
  return { count: selection?.length ?? rows, selection, rows: new StructRows(layout, [column], rows), times, stamps: times, kinds: undefined, keys: undefined };
}

function keysOf({ keys, count, selection }: Batch): Key[] {
  assert.ok(keys !== undefined);
  return Array.from({ length: count }, (_, i) => keys.table.value(keys.slots[selection === undefined ? i : selection[i]]));
}

test("the hash of a number is that of its key's bytes", () => {
  fc.assert(fc.property(finite, (number) => assert.equal(numberKeyHash(number), hashOf(number))), { examples: [[0], [-0], [-1.5], [2 ** 53], [Number.MIN_VALUE]] });
});

test("keys that stay in their column are those that a table would have", () => {
  fc.assert(
    fc.property(fc.oneof(fc.array(finite, { minLength: 1 }), fc.array(text, { minLength: 1 })), (values) => {
      const column = typeof values[0] === "number" ? numberColumn(values as number[]) : stringColumnFrom(values as string[]);
      const { keys } = columnKeys("id", batchOf(column, values.length)) ?? {};
      assert.ok(keys?.table instanceof ColumnKeys);
      const { table } = keys;
      values.forEach((value, row) => {
        const slot = keys.slots[row];
        assert.deepEqual(table.value(slot), typeof value === "number" ? value + 0 : value);
        assert.equal(table.hash(slot), hashOf(value));
        assert.deepEqual(table.bytes.slice(table.start(slot), table.end(slot)), keyBytes(value));
      });
    }),
  );
});

test("a column with a row that has no key is none of keys, unless that row is not selected", () => {
  const column = numberColumn([1, null, 3, Number.NaN]);
  assert.equal(columnKeys("id", batchOf(column, 4)), undefined);
  assert.equal(columnKeys("id", batchOf(column, 4, Int32Array.of(0, 3))), undefined);
  assert.deepEqual(keysOf(columnKeys("id", batchOf(column, 4, Int32Array.of(0, 2))) ?? assert.fail()), [1, 3]);
  assert.equal(columnKeys("other", batchOf(column, 4)), undefined);
});

test("a batch whose keys are a column crosses a link without them, to slots of a table or in place", () => {
  for (const values of [[7, 8, 7, 0, 9], ["a", "b", "a", "", "c"]]) {
    const column = typeof values[0] === "number" ? numberColumn(values as number[]) : stringColumnFrom(values as string[]);
    const batch = columnKeys("id", batchOf(column, 5, Int32Array.of(0, 2, 4))) ?? assert.fail();
    const writer = new ByteWriter();
    encodeBatch(batch, writer);
    const space = new KeySpace(new KeyTable(), 4);
    const interned = new BatchDecoder(space).decode(new ByteReader(writer.bytes()));
    assert.equal(interned.keys?.table, space.table);
    assert.deepEqual(keysOf(interned), [values[0], values[2], values[4]]);
    assert.equal(interned.keys?.slots[0], interned.keys?.slots[1], "equal keys have one slot");
    const inPlace = new BatchDecoder(space, true).decode(new ByteReader(writer.bytes()));
    assert.ok(inPlace.keys?.table instanceof ColumnKeys);
    assert.deepEqual(keysOf(inPlace), [values[0], values[2], values[4]]);
    assert.equal(new BatchDecoder(undefined).decode(new ByteReader(writer.bytes())).keys, undefined);
  }
});

test("sets hold what was added, once", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), finite)), fc.array(text), (numbers, texts) => {
      const ofNumbers = new NumberSet();
      const ofBytes = new BytesSet();
      const seen = new Set<unknown>();
      const add = (value: string): boolean => {
        const bytes = keyBytes(value);
        return ofBytes.add(bytes, 0, bytes.length, hashOf(value));
      };
      for (const value of [...numbers, ...numbers]) assert.equal(ofNumbers.add(value), !seen.has(value) && seen.add(value) !== undefined);
      for (const value of [...texts, ...texts, "long ".repeat(40), "long ".repeat(40)]) assert.equal(add(value), !seen.has(value) && seen.add(value) !== undefined);
      assert.equal(ofNumbers.size + ofBytes.size, seen.size);
    }),
  );
});

test("a set of numbers takes those of another in its order as fast as in any", () => {
  const one = new NumberSet();
  for (let i = 0; i < 300_000; i++) one.add(i);
  const other = new NumberSet();
  other.addAll(one.values());
  assert.equal(other.size, 300_000);
  assert.equal(other.add(299_999), false);
  assert.equal(other.add(300_000), true);
});

function hashOf(key: Key): number {
  const bytes = keyBytes(key);
  return keyHash(bytes, 0, bytes.length);
}
