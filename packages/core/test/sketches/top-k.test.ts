import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TopK } from "../../src/sketches/top-k.ts";

const scores = fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 60 });

test("keeps what sorting everything would put first, ties by ascending key, however the parts are merged", () => {
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), (all, k, parts) => {
      const items = all.map((score, i) => ({ score, key: (i * 37) % 61, item: `item ${i}` }));
      const expected = items.toSorted((a, b) => b.score - a.score || a.key - b.key).slice(0, k);
      const merged = new TopK<string, number>(k);
      for (let part = 0; part < parts; part++) {
        const top = new TopK<string, number>(k);
        for (const [i, { score, key, item }] of items.entries()) if (i % parts === part) top.offer(score, key, item);
        merged.merge(top);
      }
      assert.deepEqual(merged.items(), expected);
      assert.equal(merged.size, expected.length);
    }),
  );
});

test("says whether an item was taken, and orders keys by the comparison it was given", () => {
  const top = new TopK<string>(1, (a, b) => b.localeCompare(a, "en"));
  assert.equal(top.offer(1, "a", "first"), true);
  assert.equal(top.offer(1, "b", "second"), true);
  assert.equal(top.offer(1, "a", "third"), false);
  assert.equal(top.items()[0].item, "second");
});

test("a score of NaN and a k below one are refused", () => {
  assert.throws(() => new TopK(1).offer(Number.NaN, "a", 0), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => new TopK(0), { code: "MILLRACE_USAGE" });
});
