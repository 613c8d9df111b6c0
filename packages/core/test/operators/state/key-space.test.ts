import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyTable } from "../../../src/codec/key-table.ts";
import { KeySpace } from "../../../src/operators/state/key-space.ts";

test("keys that took the slots of forgotten ones are sorted with the others", () => {
  const space = new KeySpace(new KeyTable(), 256);
  const intern = (prefix: string, count: number): number[] => Array.from({ length: count }, (_, i) => space.table.intern(`${prefix}${10_000 + i}`));
  const sortedKeys = (slots: readonly number[]): unknown[] => space.sortRows([...slots.keys()], Int32Array.from(slots)).map((row) => space.table.value(slots[row]));
  const kept = intern("k", 1000);
  intern("gone", 70_000);
  for (const slot of kept) space.retain(slot);
  space.sweep();
  assert.equal(space.table.live, 1000);
  assert.equal(sortedKeys(kept).length, 1000);

  const { size } = space.table;
  const all = [...kept, ...intern("a", 500), ...intern("z", 500)];
  assert.equal(space.table.size, size);
  assert.deepEqual(sortedKeys(all), all.map((slot) => String(space.table.value(slot))).sort((x, y) => (x < y ? -1 : 1)));
});
