import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column } from "../../../src/contracts/columns.ts";
import { columnOf, createRowLayout, ObjectRows, StructRows } from "../../../src/codec/formats/struct-rows.ts";
import type { LayoutColumn } from "../../../src/codec/formats/struct-rows.ts";

const NAMES: readonly LayoutColumn[] = [
  { name: "n", kind: "number" },
  { name: "__proto__", kind: "string" },
  { name: "b", kind: "boolean" },
  { name: "v\"\n\\", kind: "value" },
];
const words = ["x", "y", "z"];

function columns(mask?: Uint8Array): readonly Column[] {
  return [
    { type: "number", values: Float64Array.of(1.5, 2, 3), valid: mask },
    { type: "string", bytes: new Uint8Array(0), starts: new Int32Array(3), ends: new Int32Array(3), valid: mask, get: (row) => words[row] },
    { type: "boolean", values: Uint8Array.of(0, 1, 0), valid: mask },
    { type: "value", values: [{ a: 1 }, undefined, null] },
  ];
}

for (const generate of [true, false]) {
  const safe = NAMES.map((column) => (column.name === "__proto__" ? { ...column, name: "s" } : column));
  test(`rows are plain objects in declared order, absent values left out (${generate ? "generated" : "without new Function"})`, () => {
    const rows = new StructRows(createRowLayout(safe, { generate }), columns(Uint8Array.of(1, 0, 1)), 3);
    assert.deepEqual(rows.get(0), { n: 1.5, s: "x", b: false, "v\"\n\\": { a: 1 } });
    assert.deepEqual(Object.keys(rows.get(2) as object), ["n", "s", "b", "v\"\n\\"]);
    assert.deepEqual(rows.get(1), {});
    const full = new StructRows(createRowLayout(safe.slice(0, 3), { generate }), columns().slice(0, 3), 3);
    assert.deepEqual(full.get(1), { n: 2, s: "y", b: true });
  });
}

test("a field named __proto__ is an ordinary one", () => {
  const rows = new StructRows(createRowLayout(NAMES), columns(), 3);
  const expected: unknown = JSON.parse('{"n":1.5,"__proto__":"x","b":false,"v\\"\\n\\\\":{"a":1}}');
  assert.deepEqual(rows.get(0), expected);
  assert.equal(Object.getPrototypeOf(rows.get(0)), Object.prototype);
  const spread: Record<string, unknown> = { ...(rows.view(0) as object) };
  assert.ok(Object.hasOwn(spread, "__proto__"));
});

test("a view is one read-only object whose own properties read the current row", () => {
  const rows = new StructRows(createRowLayout(NAMES.filter((column) => column.name !== "__proto__")), columns(Uint8Array.of(1, 0, 1)).filter((column) => column.type !== "string"), 3);
  const view = rows.view(0) as Record<string, unknown>;
  assert.deepEqual({ ...view }, { n: 1.5, b: false, "v\"\n\\": { a: 1 } });
  assert.equal(JSON.stringify(view), '{"n":1.5,"b":false,"v\\"\\n\\\\":{"a":1}}');
  assert.equal(rows.view(1), view);
  assert.deepEqual({ ...view }, { n: undefined, b: undefined, "v\"\n\\": undefined });
  assert.deepEqual(Object.keys(view), ["n", "b", "v\"\n\\"]);
  assert.equal(Object.getPrototypeOf(view), Object.prototype);
  assert.throws(() => { view["n"] = 1; }, TypeError);
  assert.throws(() => { view["more"] = 1; }, TypeError);
  assert.throws(() => { delete view["n"]; }, TypeError);
  assert.deepEqual(structuredClone(rows.view(2)), { n: 3, b: false, "v\"\n\\": null });
});

test("views of different rows do not disturb each other", () => {
  const layout = createRowLayout(NAMES);
  const [first, second] = [new StructRows(layout, columns(), 3), new StructRows(layout, columns(), 3)];
  const a = first.view(0) as { readonly n: number };
  const b = second.view(2) as { readonly n: number };
  assert.deepEqual([a.n, b.n], [1.5, 3]);
});

test("columns are found by name; objects have none", () => {
  const rows = new StructRows(createRowLayout(NAMES), columns(), 3);
  assert.equal(columnOf(rows, "b"), rows.columns[2]);
  assert.equal(columnOf(rows, "toString"), undefined);
  const objects = new ObjectRows([{ b: true }]);
  assert.deepEqual([objects.length, objects.get(0), objects.view(0), columnOf(objects, "b")], [1, { b: true }, { b: true }, undefined]);
  assert.throws(() => createRowLayout([{ name: "a", kind: "number" }, { name: "a", kind: "number" }]), { code: "MILLRACE_USAGE" });
});
