import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyTable } from "../../../src/codec/key-table.ts";
import { MAP_CELLS, LIST_CELLS, VALUE_CELLS } from "../../../src/operators/state/cells.ts";
import { KeySpace } from "../../../src/operators/state/key-space.ts";
import { KeyedTable } from "../../../src/operators/state/keyed-table.ts";
import type { StateTable } from "../../../src/operators/state/table.ts";
import { keySpace } from "../support.ts";

test("a commit holds what changed: an item of a long list, an entry of a large map", () => {
  const keys = keySpace();
  const slot = keys.table.intern("a");
  const items = new KeyedTable("items", LIST_CELLS, keys);
  const entries = new KeyedTable("entries", MAP_CELLS, keys);
  for (let i = 0; i < 1000; i++) {
    items.change(slot).items.push({ value: i, expires: Infinity });
    entries.change(slot).entries.set(`n${i}`, { value: i, expires: Infinity });
    entries.change(slot).changed.set(`n${i}`, true);
  }
  assert.ok(bytesOf(items) > 1000 && bytesOf(entries) > 1000);
  assert.equal(bytesOf(items) + bytesOf(entries), 0);
  items.change(slot).items.push({ value: 1, expires: Infinity });
  entries.change(slot).entries.delete("n1");
  entries.change(slot).changed.set("n1", false);
  assert.ok(bytesOf(items) + bytesOf(entries) < 40);
});

test("keys whose state is gone are let go of once that is committed", () => {
  const keys = new WatchedKeys(new KeyTable(), 16);
  const table = new KeyedTable("values", VALUE_CELLS, keys);
  const slot = keys.table.intern("a");
  table.change(slot).value = "x";
  bytesOf(table);
  table.delete(slot);
  assert.equal(table.size, 0);
  assert.deepEqual(keys.released, []);
  assert.ok(bytesOf(table) > 0);
  assert.deepEqual(keys.released, [slot]);
});

test("a snapshot of a group does not look at other groups' keys", () => {
  const keys = keySpace(256);
  const table = new KeyedTable("values", VALUE_CELLS, keys);
  for (let i = 0; i < 200_000; i++) {
    const slot = keys.table.intern(i);
    table.change(slot).value = i;
  }
  let begun = performance.now();
  bytesOf(table);
  const once = performance.now() - begun;
  begun = performance.now();
  let bytes = 0;
  for (let group = 0; group < 256; group++) bytes += table.full(group)?.length ?? 0;
  const all = performance.now() - begun;
  assert.ok(bytes > 200_000 * 12);
  // 256 walks over the whole table would take 256 times as long as one.
  assert.ok(all < 30 * once, `${all} ms for all groups, ${once} ms for all that changed`);
});

function bytesOf(table: StateTable): number {
  let bytes = 0;
  table.changes((_group, block) => {
    bytes += block.length;
  });
  return bytes;
}

class WatchedKeys extends KeySpace {
  readonly released: number[] = [];

  override release(slot: number): void {
    this.released.push(slot);
    super.release(slot);
  }
}
