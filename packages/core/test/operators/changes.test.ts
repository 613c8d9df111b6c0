import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectRows } from "../../src/codec/formats/struct-rows.ts";
import { BEFORE, DELETE, INSERT } from "../../src/contracts/batch.ts";
import { ChangesOperator } from "../../src/operators/changes/changes-operator.ts";
import { fakeContext, keySpace, withKeys } from "./support.ts";

test("a row is taken back with no lower a stamp than it was given by, whichever split what replaces it comes from", () => {
  const keys = keySpace();
  const context = fakeContext();
  const changes = new ChangesOperator(keys, context);
  const take = (time: number, stamp: number, kind = INSERT): void => {
    const rows = { count: 1, selection: undefined, rows: new ObjectRows([{ id: "a", time }]), times: Float64Array.of(time), stamps: Float64Array.of(stamp), kinds: Uint8Array.of(kind), keys: undefined };
    changes.process(0, withKeys(rows, keys, (row: { readonly id: string }) => row.id));
  };
  take(90, 100);
  take(60, 50);
  take(60, 40, DELETE);
  const told = context.takeRows().map(({ kind, time, stamp }) => ({ kind, time, stamp }));
  assert.deepEqual(told.filter(({ kind }) => kind === BEFORE || kind === DELETE), [{ kind: BEFORE, time: 90, stamp: 100 }, { kind: DELETE, time: 60, stamp: 50 }]);
});
