import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { IntMap } from "../../src/codec/int-map.ts";

test("it behaves as a Map under any sequence of set, delete and clear", () => {
  const op = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant("set"), fc.oneof(fc.nat(40), fc.nat(0x7ffffffe)), fc.integer()) },
    { weight: 4, arbitrary: fc.tuple(fc.constant("delete"), fc.nat(40), fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("clear"), fc.constant(0), fc.constant(0)) },
  );
  fc.assert(
    fc.property(fc.array(op, { maxLength: 200, size: "max" }), (ops) => {
      const map = new IntMap(2);
      const model = new Map<number, number>();
      for (const [what, key, value] of ops) {
        if (what === "set") {
          map.set(key, value | 0);
          model.set(key, value | 0);
        } else if (what === "delete") {
          assert.equal(map.delete(key), model.delete(key));
        } else {
          map.clear();
          model.clear();
        }
        assert.equal(map.size, model.size);
      }
      for (let key = 0; key <= 40; key++) assert.equal(map.get(key), model.get(key) ?? -1);
      const entries: [number, number][] = [];
      map.forEach((key, value) => entries.push([key, value]));
      assert.deepEqual(new Map(entries), model);
      assert.equal(entries.length, model.size);
    }),
  );
});

test("a hundred thousand dense keys, half of them deleted again, are all found", () => {
  const map = new IntMap();
  for (let i = 0; i < 100_000; i++) map.set(i, i * 2);
  for (let i = 0; i < 100_000; i += 2) assert.ok(map.delete(i));
  for (let i = 0; i < 100_000; i++) assert.equal(map.get(i), i % 2 === 0 ? -1 : i * 2);
  assert.equal(map.size, 50_000);
});

test("a key that is no non-negative 32-bit integer is refused", () => {
  for (const key of [-1, 0.5, 2 ** 31 - 1, 2 ** 32, Number.NaN]) assert.throws(() => new IntMap().set(key, 1), { code: "MILLRACE_USAGE" });
});
