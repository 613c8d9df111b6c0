import assert from "node:assert/strict";
import { test } from "node:test";
import { createRowLayout, StructRows } from "../../src/codec/formats/struct-rows.ts";
import type { Batch } from "../../src/contracts/batch.ts";
import type { OperatorContext } from "../../src/operators/operator.ts";
import { extract, readNumbers } from "../../src/operators/extract.ts";

interface Row {
  readonly a?: number;
  readonly b: number;
}

const layout = createRowLayout([{ name: "a", kind: "number" }, { name: "b", kind: "number" }]);
const columnA = { type: "number", values: Float64Array.of(1, 0, 0), valid: Uint8Array.of(1, 1, 0) } as const;
const columnB = { type: "number", values: Float64Array.of(10, 20, 30) } as const;
const stamps = new Float64Array(3);
const batch: Batch = { count: 3, selection: undefined, rows: new StructRows(layout, [columnA, columnB], 3), times: stamps, stamps, kinds: undefined, keys: undefined };

function read(closure: (row: Row) => number | undefined): number[] {
  const into = new Float64Array(3);
  readNumbers(extract(closure), batch, into, {} as OperatorContext);
  return [...into];
}

test("a closure that is no more than a field is taken from its column", () => {
  for (const closure of [(row: Row) => row.a, ({ a }: Row) => a, (row: Row): number => row.a!, (row: Row) => row.a as number]) {
    assert.equal(extract(closure).field, "a");
    assert.deepEqual(read(closure), [1, 0, Number.NaN]);
  }
  assert.equal(extract(function (row: Row) { return row.a; }).field, "a");
});

test("a closure that gives something else where a field is absent or falsy is asked for each row", () => {
  assert.deepEqual(read((row) => row.a ?? -1), [1, 0, -1]);
  assert.deepEqual(read((row) => row.a ?? row.b), [1, 0, 30]);
  assert.deepEqual(read((row) => row.a || row.b), [1, 20, 30]);
  assert.deepEqual(read(({ a = 7 }) => a), [1, 0, 7]);
  assert.deepEqual(read((row) => { const held = row.a; return held === 1 ? 2 : held; }), [2, 0, Number.NaN]);
});
