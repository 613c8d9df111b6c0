import { KeyTable } from "../../src/codec/key-table.ts";
import type { Batch, Key } from "../../src/contracts/batch.ts";
import { virtualClock, type VirtualClock } from "../../src/memory/clock.ts";
import { RESULTS } from "../../src/graph/nodes.ts";
import { rowAt } from "../../src/operators/batches.ts";
import type { OperatorContext } from "../../src/operators/operator.ts";
import { KeySpace } from "../../src/operators/state/key-space.ts";

/** One row that an operator emitted, with what its batch says of it. */
export interface EmittedRow {
  readonly value: unknown;
  readonly time: number;
  readonly stamp: number;
  readonly kind: number;
  readonly key: Key | undefined;
}

/** The world around one operator in a test: it remembers everything. */
export interface FakeContext extends OperatorContext {
  readonly clock: VirtualClock;
  /** Batches by output port, in the order in which they came. */
  readonly batches: Map<number, Batch[]>;
  readonly failures: { readonly value: unknown; readonly error: unknown }[];
  lateRows: number;
  /** The rows of a port as values; they are forgotten here. */
  takeRows(port?: number): EmittedRow[];
  /** The batches of a port; they are forgotten here. */
  takeBatches(port?: number): Batch[];
}

export function fakeContext(options: { readonly keyGroups?: number; readonly address?: string } = {}): FakeContext {
  const batches = new Map<number, Batch[]>();
  const takeBatches = (port: number = RESULTS): Batch[] => {
    const taken = batches.get(port) ?? [];
    batches.delete(port);
    return taken;
  };
  const context: FakeContext = {
    subject: "workflow test, operator tested",
    address: options.address ?? "test/tested",
    keyGroups: options.keyGroups ?? 16,
    clock: virtualClock(),
    batches,
    failures: [],
    lateRows: 0,
    emit(port, batch) {
      const there = batches.get(port);
      if (there === undefined) batches.set(port, [batch]);
      else there.push(batch);
    },
    connected: () => true,
    fail(batch, row, error) {
      context.failures.push({ value: batch.rows.get(row), error });
    },
    late(count) {
      context.lateRows += count;
    },
    retried: () => undefined,
    takeBatches,
    takeRows: (port) => takeBatches(port).flatMap(rowsOf),
  };
  return context;
}

export function keySpace(keyGroups = 16): KeySpace {
  return new KeySpace(new KeyTable(), keyGroups);
}

/** Adds the slots of keys to a batch; `keyOf` is asked for every row of the columns. */
export function withKeys(batch: Batch, keys: KeySpace, keyOf: (value: never) => Key): Batch {
  const slots = Int32Array.from({ length: batch.rows.length }, (_, row) => keys.table.intern(keyOf(batch.rows.get(row) as never)));
  return { ...batch, keys: { table: keys.table, slots } };
}

/** The selected rows of a batch. */
export function rowsOf(batch: Batch): EmittedRow[] {
  return Array.from({ length: batch.count }, (_, i): EmittedRow => {
    const row = rowAt(batch, i);
    return {
      value: batch.rows.get(row),
      time: batch.times[row],
      stamp: batch.stamps[row],
      kind: batch.kinds?.[row] ?? 0,
      key: batch.keys?.table.value(batch.keys.slots[row]),
    };
  });
}
