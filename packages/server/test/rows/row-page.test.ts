import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareKeys } from "@millrace/core/internal";
import type { Key } from "@millrace/core";
import { mergePatch } from "../../src/rows/merge-patch.ts";
import { rowPage } from "../../src/rows/row-page.ts";
import { rowQuery } from "../../src/schemas/collections.ts";

interface Row {
  readonly key: Key;
  readonly row: unknown;
}

const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom("a", "b", null, undefined, true));
const rows = fc
  .uniqueArray(fc.tuple(fc.oneof(fc.string({ maxLength: 2 }), fc.integer({ min: 0, max: 9 }), fc.tuple(fc.string({ maxLength: 1 }), fc.nat(3))), value), { selector: ([key]) => JSON.stringify(key), maxLength: 30 })
  .map((pairs) => pairs.map(([key, v]): Row => ({ key, row: { v } })).sort((a, b) => compareKeys(a.key, b.key)));

test("pages together are all rows once, in the order of the field, what lacks it last", () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 7 }), fc.constantFrom(undefined, "v", "-v"), (all, limit, order) => {
      const seen: unknown[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = rowPage(all, rowQuery.parse({ limit, order, cursor }));
        assert.ok(page.items.length <= limit);
        seen.push(...page.items.map(({ row }) => (row as { v: unknown }).v ?? null));
        cursor = page.next;
        if (cursor === undefined) break;
      }
      assert.equal(seen.length, all.length);
      if (order === undefined) return;
      const numbers = seen.filter((one) => typeof one === "number");
      assert.deepEqual(numbers, numbers.toSorted((a, b) => (order === "v" ? a - b : b - a)));
      assert.ok(seen.slice(seen.indexOf(null)).every((one) => one === null) || !seen.includes(null));
    }),
  );
});

test("conditions compare values of one kind, also inside objects", () => {
  const all = [{ a: { b: 1 } }, { a: { b: 10 } }, { a: { b: "10" } }, { a: 1 }, { "a.b": 5 }].map((row, key) => ({ key, row }));
  const found = (...where: string[]): unknown[] => rowPage(all, rowQuery.parse({ where })).items.map(({ key }) => key);
  assert.deepEqual(found("a.b=10"), ["1"]);
  assert.deepEqual(found('a.b="10"'), ["2"]);
  assert.deepEqual(found("a.b>=1"), ["0", "1", "4"]);
  assert.deepEqual(found("a.b!=1", "a.b<100"), ["1", "4"]);
  assert.deepEqual(found("a=1"), ["3"]);
  assert.deepEqual(found("toString=1"), []);
});

test("a merge patch does what RFC 7396 says in its examples", () => {
  const examples: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a", "b"], ["c", "d"], ["c", "d"]],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of examples) assert.deepEqual(mergePatch(target, patch), result);
  const polluted = mergePatch({}, JSON.parse('{"__proto__":{"x":1}}')) as Record<string, unknown>;
  assert.deepEqual([Object.hasOwn(polluted, "__proto__"), polluted["x"]], [true, undefined]);
});
