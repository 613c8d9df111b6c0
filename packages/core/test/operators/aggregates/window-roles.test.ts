import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../../src/codec/bytes.ts";
import { createRowLayout, StructRows } from "../../../src/codec/formats/struct-rows.ts";
import { numberColumn, stringColumnFrom } from "../../../src/codec/columns.ts";
import { decodeValue, encodeValue } from "../../../src/codec/values.ts";
import type { Batch, Rows } from "../../../src/contracts/batch.ts";
import type { AggregateShape } from "../../../src/graph/aggregate.ts";
import type { WindowNode } from "../../../src/graph/nodes.ts";
import { sliding, tumbling, type WindowSpec } from "../../../src/graph/window.ts";
import { count } from "../../../src/operators/aggregates/numeric.ts";
import { digest, mergeDigests } from "../../../src/operators/aggregates/digest.ts";
import { medianOf } from "../../../src/operators/aggregates/digest-value.ts";
import { collect } from "../../../src/operators/aggregates/collect.ts";
import { median } from "../../../src/operators/aggregates/quantile.ts";
import { batchOf, BatchBuilder, select } from "../../../src/operators/batches.ts";
import { slicingOf, type Slicing } from "../../../src/operators/window/slicing.ts";
import { WindowOperator, type WindowRole } from "../../../src/operators/window/window-operator.ts";
import type { KeySpace } from "../../../src/operators/state/key-space.ts";
import { fakeContext, keySpace, withKeys, type FakeContext } from "../support.ts";
import { AGGREGATES, ROUNDED, type Atom } from "./cases.ts";

const atoms = fc.array(
  fc.record<Atom>({
    place: fc.constantFrom("a", "b", "c"),
    amount: fc.oneof(fc.integer({ min: -1000, max: 1000 }).map((n) => n / 10), fc.constantFrom(null)),
    text: fc.constantFrom("", "x", "yy", undefined),
    time: fc.integer({ min: 0, max: 99 }),
  }),
  { maxLength: 60 },
);
const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 6 });
const windows = fc.constantFrom(tumbling(50), sliding(40, 20));
/** Rows as objects and as columns. A column does not tell null from absent, so one run keeps to one form. */
const forms = fc.constantFrom<MakeRows>(objects, columns);
const inOrder: AggregateShape<Atom> = Object.fromEntries(Object.entries(AGGREGATES).filter(([name]) => !ROUNDED.has(name)));

const passable: AggregateShape<Atom> = Object.fromEntries(Object.entries(inOrder).filter(([name]) => !["digests", "custom"].includes(name)));

test("aggregates give equal rows where commits are so small that rows are not combined but passed on", () => {
  const shapes: readonly AggregateShape<Atom>[] = [...Object.entries(passable).map(([name, aggregate]) => ({ [name]: aggregate })), passable];
  const everywhere = Array.from({ length: 60 }, (_, i) => i);
  fc.assert(
    fc.property(atoms, fc.constantFrom(...shapes), windows, forms, (all, shape, window, rows) => {
      const given: Given = { window, shape, keys: keySpace(), rows };
      assert.deepEqual(runCombined(given, all, everywhere, everywhere), run(given, all, []));
    }),
  );
});

test("rows that are passed on may be taken in parts, as a search for a failing element does", () => {
  const all = Array.from({ length: 40 }, (_, i): Atom => ({ place: `place ${i % 20}`, amount: i * 1.5, text: "x".repeat(i), time: i }));
  for (const rows of [objects, columns]) {
    const shape = { sum: passable["sum"], least: passable["min"], first: passable["first"], n: count<Atom>() };
    const given: Given = { window: tumbling(50), shape, keys: keySpace(), rows };
    const passed: Batch[] = [];
    const parts = (one: Batch): readonly Batch[] => {
      if ((one.rows as StructRows).names[0].startsWith("+") && one.count > 3) passed.push(one);
      return inParts(one);
    };
    assert.deepEqual(runCombined(given, all, [1, 2, 3, 4, 5, 20], [0, 1, 2, 3, 4, 5, 6], parts), run(given, all, []));
    assert.ok(passed.length > 0, "some were not combined");
  }
});

test("rows are passed on where they are hardly fewer when combined, and combined again where that pays", () => {
  const keys = keySpace();
  const shape = { sum: passable["sum"], least: passable["min"], n: count<Atom>() };
  const { operator, context } = open(tumbling(50), shape, "combine", keys);
  const commit = (length: number): string[] => {
    operator.process(0, batch(Array.from({ length }, (_, i) => ({ place: "a", amount: i, text: "", time: i % 2 })), columns, keys));
    operator.flush();
    return context.takeBatches().flatMap(({ rows, count: sent }) => [`${sent} of ${(rows as StructRows).names.join(" ")}`]);
  };
  assert.deepEqual(commit(1), ["1 of 0.0 0.1 1.0 2.0"]);
  for (let i = 0; i < 4; i++) assert.deepEqual(commit(1), ["1 of +0,1"], "amounts once for both");
  assert.deepEqual(commit(100), ["1 of 0.0 0.1 1.0 2.0"], "tried again, and it pays");
  assert.deepEqual(commit(1), ["1 of 0.0 0.1 1.0 2.0"]);
  assert.deepEqual(commit(1), ["1 of +0,1"]);
});

for (const keyed of [true, false]) {
  const what = keyed ? "per key" : "over all keys";

  test(`every aggregate gives equal rows whole and combined before an exchange, ${what}`, () => {
    fc.assert(
      fc.property(atoms, cuts, cuts, windows, forms, (all, batches, commits, window, rows) => {
        const given: Given = { window, shape: inOrder, keys: keyed ? keySpace() : undefined, rows };
        const whole = run(given, all, []);
        assert.deepEqual(runCombined(given, all, batches, commits), whole);
        assert.deepEqual(run(given, all.toReversed(), batches), whole);
      }),
    );
  });

  test(`state that is saved and loaded between batches gives the same rows, ${what}`, () => {
    fc.assert(
      fc.property(atoms, cuts, windows, forms, (all, batches, window, rows) => {
        const given: Given = { window, shape: AGGREGATES, keys: keyed ? keySpace() : undefined, rows };
        assert.deepEqual(runRestored(given, all, batches), run(given, all, batches));
      }),
    );
  });
}

test("what a closure gave of a row in columns is kept by value, not as a view", () => {
  const rows = columns([
    { place: "a", amount: 2, text: "x", time: 1 },
    { place: "a", amount: 1, text: undefined, time: 2 },
  ]);
  const shape: AggregateShape<Atom> = { whole: collect((atom: Atom) => atom), inside: collect((atom: Atom) => [atom.text, { atom }] as const) };
  const { operator, context } = open(tumbling(50), shape, "whole", undefined);
  operator.process(0, batchOf(rows, Float64Array.of(1, 2), new Float64Array(2)));
  operator.advance(Infinity);
  const [row] = context.takeRows().map(({ value }) => value as { readonly whole: unknown; readonly inside: unknown });
  assert.deepEqual(row.whole, [{ place: "a", amount: 2, text: "x", time: 1 }, { place: "a", amount: 1, time: 2 }]);
  assert.deepEqual(JSON.stringify(row.inside), '[["x",{"atom":{"place":"a","amount":2,"text":"x","time":1}}],[null,{"atom":{"place":"a","amount":1,"time":2}}]]');
});

test("an atom whose value cannot be kept becomes a dead letter and the others go on", () => {
  const shape: AggregateShape<Atom> = {
    kept: collect((atom: Atom) => (atom.amount === 1 ? () => atom : { n: atom.amount })),
    middle: median((atom: Atom) => (atom.amount === 2 ? ("2" as unknown as number) : atom.amount)),
    merged: mergeDigests((atom: Atom) => (atom.amount === 3 ? (new Uint8Array([9, 9]) as never) : undefined)),
  };
  const { operator, context } = open(tumbling(50), shape, "whole", undefined);
  operator.process(0, batch([1, 2, 3, 4, 5].map((amount) => ({ place: "a", amount, text: "", time: amount })), objects));
  operator.advance(Infinity);
  assert.deepEqual(context.failures.map(({ value, error }) => [(value as Atom).amount, (error as { code: string }).code]), [
    [1, "MILLRACE_SCHEMA"],
    [2, "MILLRACE_SCHEMA"],
    [3, "MILLRACE_DECODE"],
  ]);
  const [row] = context.takeRows().map(({ value }) => value as { readonly kept: unknown; readonly middle: unknown });
  assert.deepEqual(row.kept, [{ n: 4 }, { n: 5 }]);
  assert.equal(row.middle, 4.5);
});

test("digests per key, merged per window in a later stage, give the digest over all keys", () => {
  for (const exact of [true, false]) {
    const all = Array.from({ length: 900 }, (_, i): Atom => ({ place: `p${i % 7}`, amount: (i * 37) % 900, text: "", time: i % 100 }));
    const keys = keySpace();
    const given = { window: tumbling(50), keys, rows: objects };
    const perKey = run({ ...given, shape: { counts: digest((atom: Atom) => atom.amount, { exact }) } }, all, []) as Counts[];
    assert.equal(perKey.length, 14);
    const rows = new BatchBuilder();
    for (const row of perKey) rows.add(traveled(row), row.window.end - 1, row.window.end - 1);
    const { operator, context } = open({ kind: "carried", size: 50 }, { all: mergeDigests((row: Counts) => row.counts) }, "whole", undefined);
    operator.process(0, rows.take());
    operator.advance(Infinity);
    const merged = context.takeRows().map(({ value }) => value as { readonly window: object; readonly all: Counts["counts"] });
    const direct = run({ ...given, keys: undefined, shape: { middle: median((atom: Atom) => atom.amount, { exact: true }) } }, all, []);
    assert.deepEqual(merged.map((row) => ({ window: row.window, middle: medianOf(row.all) })), direct);
  }
});

interface Counts {
  readonly window: { readonly start: number; readonly end: number };
  readonly counts: ReturnType<ReturnType<typeof digest>["result"]>;
}

type MakeRows = (all: readonly Atom[]) => Rows;

/** What a test runs over: the same in all of its runs. */
interface Given {
  readonly window: WindowSpec;
  readonly shape: AggregateShape<Atom>;
  readonly keys: KeySpace | undefined;
  readonly rows: MakeRows;
}

interface Opened {
  readonly operator: WindowOperator;
  readonly context: FakeContext;
}

function open<T>(window: WindowSpec, shape: AggregateShape<T>, role: WindowRole, keys: KeySpace | undefined): Opened {
  const context = fakeContext();
  const aggregates = Object.entries(shape).map(([name, aggregate]) => ({ name, aggregate }));
  const node: WindowNode = { kind: "window", window, aggregates, lateness: 0, early: Infinity };
  return { operator: new WindowOperator([node], slicingOf([window]) as Slicing, role, keys, context), context };
}

function run({ window, shape, keys, rows }: Given, all: readonly Atom[], at: readonly number[]): unknown[] {
  const { operator, context } = open(window, shape, "whole", keys);
  for (const part of cut(all, at)) operator.process(0, batch(part, rows, keys));
  return close(operator, context);
}

/** Two senders, which take batches in turn and commit where `commits` says, and one receiver. */
function runCombined({ window, shape, keys, rows }: Given, all: readonly Atom[], batches: readonly number[], commits: readonly number[], received = (one: Batch): readonly Batch[] => [one]): unknown[] {
  const senders = [open(window, shape, "combine", keys), open(window, shape, "combine", keys)];
  const receiver = open(window, shape, "merge", keys);
  const send = ({ operator, context }: Opened): void => {
    operator.flush();
    for (const one of context.takeBatches().flatMap(received)) receiver.operator.process(0, one);
  };
  for (const [i, part] of cut(all, batches).entries()) {
    senders[i % 2].operator.process(0, batch(part, rows, keys));
    if (commits.includes(i)) send(senders[i % 2]);
  }
  send(senders[1]);
  send(senders[0]);
  return close(receiver.operator, receiver.context);
}

/** The first row, then the next two, then the rest. */
function inParts(one: Batch): readonly Batch[] {
  const bounds = [0, 1, 3, one.count].filter((bound) => bound <= one.count);
  return bounds.slice(1).map((to, i) => select(one, Int32Array.from({ length: to - bounds[i] }, (_, n) => bounds[i] + n), to - bounds[i]));
}

function runRestored({ window, shape, keys, rows }: Given, all: readonly Atom[], at: readonly number[]): unknown[] {
  let { operator, context } = open(window, shape, "whole", keys);
  for (const part of cut(all, at)) {
    operator.process(0, batch(part, rows, keys));
    operator.flush();
    const next = open(window, shape, "whole", keys);
    for (let group = 0; group < context.keyGroups; group++) {
      const bytes = operator.tables[0].full(group);
      if (bytes !== undefined) next.operator.tables[0].load(group, bytes);
    }
    next.operator.restored(-Infinity);
    ({ operator, context } = next);
  }
  return close(operator, context);
}

function close(operator: WindowOperator, context: FakeContext): unknown[] {
  operator.advance(Infinity);
  assert.deepEqual(context.failures, []);
  return context.takeRows().map(({ value }) => value);
}

function batch(all: readonly Atom[], rows: MakeRows, keys?: KeySpace): Batch {
  const times = Float64Array.from(all, ({ time }) => time);
  const stamps = new Float64Array(all.length).fill(-1);
  const made = batchOf(rows(all), times, stamps);
  return keys === undefined ? made : withKeys(made, keys, (atom: Atom) => atom.place);
}

function objects(all: readonly Atom[]): Rows {
  const builder = new BatchBuilder();
  for (const atom of all) builder.add(atom, atom.time, -1);
  return builder.take().rows;
}

const layout = createRowLayout([
  { name: "place", kind: "string" },
  { name: "amount", kind: "number" },
  { name: "text", kind: "string" },
  { name: "time", kind: "number" },
]);

function columns(all: readonly Atom[]): Rows {
  const fields = [
    stringColumnFrom(all.map(({ place }) => place)),
    numberColumn(all.map(({ amount }) => amount)),
    stringColumnFrom(all.map(({ text }) => text)),
    numberColumn(all.map(({ time }) => time)),
  ];
  return new StructRows(layout, fields, all.length);
}

function cut<T>(all: readonly T[], at: readonly number[]): T[][] {
  const bounds = [0, ...at.filter((one) => one < all.length).sort((a, b) => a - b), all.length];
  return bounds.slice(1).map((to, i) => all.slice(bounds[i], to)).filter((part) => part.length > 0);
}

function traveled<T>(value: T): T {
  const writer = new ByteWriter();
  encodeValue(value, writer);
  return decodeValue(new ByteReader(writer.take())) as T;
}
