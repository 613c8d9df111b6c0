import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyTable } from "../../src/codec/key-table.ts";
import { SeenForEver } from "../../src/operators/distinct/seen-for-ever.ts";
import { SeenKeys } from "../../src/operators/distinct/seen-keys.ts";
import type { StateTable } from "../../src/operators/state/table.ts";
import { KeySpace } from "../../src/operators/state/key-space.ts";

const GROUPS = 4;

function keySpace(): KeySpace {
  return new KeySpace(new KeyTable(), GROUPS);
}

function changesOf(seen: StateTable): Map<number, Uint8Array> {
  const blocks = new Map<number, Uint8Array>();
  seen.changes((group, bytes) => blocks.set(group, bytes));
  return blocks;
}

test("keys that are kept for ever are in the blocks of changes and in whole blocks, once each", () => {
  const keys = keySpace();
  const seen = new SeenForEver(GROUPS);
  const all = Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? `key ${i}` : i));
  const steps = [all.slice(0, 1000), all.slice(500, 2500), all];
  const blocks = steps.map((step) => {
    for (const key of step) seen.add(keys.table, keys.table.intern(key));
    return changesOf(seen);
  });
  assert.equal(seen.size, all.length);
  assert.equal(changesOf(seen).size, 0);

  const fromChanges = keySpace();
  const byChanges = new SeenForEver(GROUPS);
  for (const step of blocks) for (const [group, bytes] of step) byChanges.load(group, bytes);
  const fromWhole = keySpace();
  const byWhole = new SeenForEver(GROUPS);
  for (let group = 0; group < GROUPS; group++) {
    assert.equal(byChanges.full(group)?.length, seen.full(group)?.length);
    byWhole.load(group, seen.full(group) ?? new Uint8Array(0));
  }
  for (const [space, restored] of [[fromChanges, byChanges], [fromWhole, byWhole]] as const) {
    assert.equal(restored.size, all.length);
    for (const key of all) assert.equal(restored.add(space.table, space.table.intern(key)), false);
    assert.equal(restored.add(space.table, space.table.intern("new")), true);
  }
});

test("what was remembered for ever stays so when a distinct gets a limit, and is known when the limit is taken away", () => {
  const before = keySpace();
  const forEver = new SeenForEver(GROUPS);
  for (const key of ["a", 7]) forEver.add(before.table, before.table.intern(key));
  const between = keySpace();
  const limited = new SeenKeys(between, 100);
  for (const [group, bytes] of changesOf(forEver)) limited.load(group, bytes);
  limited.forget(1_000_000);
  for (const key of ["a", 7]) assert.equal(limited.add(between.table.intern(key), 1_000_100, 1_000_000), false);
  limited.add(between.table.intern("b"), 1_000_100, 1_000_000);
  const after = keySpace();
  const again = new SeenForEver(GROUPS);
  for (let group = 0; group < GROUPS; group++) again.load(group, limited.full(group) ?? new Uint8Array(0));
  for (const key of ["a", 7, "b"]) assert.equal(again.add(after.table, after.table.intern(key)), false);
});
