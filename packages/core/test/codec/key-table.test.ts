import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Key, Scalar } from "../../src/contracts/batch.ts";
import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";
import { decodeColumn, encodeColumn } from "../../src/codec/column-codec.ts";
import { DictionaryStrings, stringColumnFrom } from "../../src/codec/columns.ts";
import { keyBytes } from "../../src/codec/key.ts";
import { KeyTable } from "../../src/codec/key-table.ts";
import { keyHash } from "../../src/codec/murmur2.ts";

const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((s) => s.toWellFormed()),
  fc.nat(20),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  fc.bigInt({ min: -9n, max: 9n }),
  fc.boolean(),
  fc.constant(null),
);
const key: fc.Arbitrary<Key> = fc.oneof(fc.nat(30).map((n) => `k${n}`), scalar, fc.array(scalar, { maxLength: 3 }));

test("under any sequence of intern, find, release and clear it agrees with a Map of encoded keys", () => {
  const op = fc.oneof(
    { weight: 10, arbitrary: fc.tuple(fc.constantFrom("intern", "internBytes"), key) },
    { weight: 5, arbitrary: fc.tuple(fc.constant("release"), key) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("clear"), fc.constant(null)) },
  );
  fc.assert(
    fc.property(fc.array(op, { maxLength: 150, size: "max" }), (ops) => {
      const table = new KeyTable();
      const slots = new Map<string, number>();
      const keys = new Map<number, Key>();
      for (const [what, value] of ops) {
        const bytes = keyBytes(value);
        const name = bytes.join();
        assert.equal(table.find(value), slots.get(name) ?? -1);
        if (what === "release") {
          const slot = slots.get(name);
          if (slot === undefined) continue;
          const before = table.generation;
          table.release(slot);
          assert.ok(table.generation > before);
          slots.delete(name);
          keys.delete(slot);
        } else if (what === "clear") {
          table.clear();
          slots.clear();
          keys.clear();
        } else {
          const slot = what === "intern" ? table.intern(value) : table.internBytes(bytes, 0, bytes.length);
          const known = slots.get(name);
          if (known === undefined) {
            assert.ok(!keys.has(slot), "a new key gets a slot that no other key has");
            slots.set(name, slot);
            keys.set(slot, value);
          } else {
            assert.equal(slot, known);
          }
        }
        assert.equal(table.live, keys.size);
      }
      for (const [slot, value] of keys) {
        const bytes = keyBytes(value);
        assert.ok(slot < table.size);
        assert.deepEqual(table.value(slot), value);
        assert.deepEqual(table.bytes.slice(table.start(slot), table.end(slot)), bytes);
        assert.equal(table.hash(slot), keyHash(bytes, 0, bytes.length));
        assert.equal(table.find(value), slot);
        assert.equal(table.findBytes(bytes, 0, bytes.length), slot);
      }
    }),
    { numRuns: 300 },
  );
});

test("keys that come and go keep their slots and the arena bounded by what lives", () => {
  const table = new KeyTable();
  const keep = Array.from({ length: 1000 }, (_, i) => table.intern(i % 3 === 0 ? i + 0.5 : i % 3 === 1 ? `kept ${i}` : [`kept`, i]));
  for (let round = 0; round < 200; round++) {
    const slots = Array.from({ length: 1000 }, (_, i) => table.intern(i % 2 === 0 ? `round ${round} key ${i}` : round * 1000 + i));
    for (const slot of slots) table.release(slot);
  }
  assert.equal(table.live, 1000);
  assert.equal(table.size, 2000);
  assert.ok(table.memoryBytes < 400_000, `${table.memoryBytes} bytes`);
  keep.forEach((slot, i) => assert.deepEqual(table.value(slot), i % 3 === 0 ? i + 0.5 : i % 3 === 1 ? `kept ${i}` : [`kept`, i]));
  keep.forEach((slot, i) => assert.equal(table.find(i % 3 === 0 ? i + 0.5 : i % 3 === 1 ? `kept ${i}` : [`kept`, i]), slot));
});

test("keys of one partition of 256 spread as well as any", () => {
  const table = new KeyTable();
  const started = performance.now();
  const bytes = new TextEncoder().encode("sensor-aaaaa");
  let made = 0;
  for (let i = 0; made < 20_000; i++) {
    for (let digit = 0, rest = i; digit < 5; digit++, rest = Math.floor(rest / 26)) bytes[7 + digit] = 97 + (rest % 26);
    if (keyHash(bytes, 0, bytes.length) % 256 !== 77) continue;
    assert.equal(table.internBytes(bytes, 0, bytes.length), made++);
  }
  assert.ok(performance.now() - started < 20_000, "linear probing did not degenerate");
});

test("columns are interned row by row into the places of their rows; rows without a key get -1 and are counted", () => {
  const table = new KeyTable();
  const values = ["b", "a", "b", "ccccc", ""];
  const bytes = new TextEncoder().encode("zz" + values.join(""));
  const ends = Int32Array.from(values.map((_, i) => 2 + values.slice(0, i + 1).join("").length));
  const starts = ends.map((end, i) => end - values[i].length);
  const column = { type: "string" as const, bytes, starts, ends, valid: Uint8Array.of(1, 1, 1, 1, 0), get: (row: number) => values[row] };
  const out = new Int32Array(5).fill(-7);
  assert.equal(table.internColumn(column, undefined, 5, out), 1);
  assert.deepEqual([...out], [0, 1, 0, 2, -1]);
  out.fill(-7);
  assert.equal(table.internColumn(column, Int32Array.of(3, 1), 2, out), 0);
  assert.deepEqual([...out], [-7, 1, -7, 2, -7]);
  const numbers = { type: "number" as const, values: Float64Array.of(1, -0, 0, Number.NaN, 1) };
  assert.equal(table.internColumn(numbers, undefined, 5, out), 1);
  assert.deepEqual([...out], [3, 4, 4, -1, 3]);
  assert.deepEqual([table.value(3), table.value(4), table.value(2)], [1, 0, "ccccc"]);
});

test("long string columns with repeated and new keys give the slots of single interning", () => {
  const words = Array.from({ length: 3000 }, (_, i) => `key-${(i * 7919) % 611}`.padEnd((i % 5) * 9, "~"));
  const encoded = words.map((w) => new TextEncoder().encode(w));
  const bytes = new Uint8Array(encoded.reduce((n, e) => n + e.length, 0));
  const starts = new Int32Array(words.length);
  const ends = new Int32Array(words.length);
  let at = 0;
  encoded.forEach((e, i) => {
    bytes.set(e, at);
    starts[i] = at;
    at += e.length;
    ends[i] = at;
  });
  const bulk = new KeyTable();
  const single = new KeyTable();
  const out = new Int32Array(words.length);
  bulk.internColumn({ type: "string", bytes, starts, ends, get: (row) => words[row] }, undefined, words.length, out);
  assert.deepEqual([...out], words.map((w) => single.internString(w)));
});

test("a decoded column with a dictionary gives the slots of its strings, and none to entries no selected row has", () => {
  const writer = new ByteWriter();
  const words = Array.from({ length: 200 }, (_, i) => (i === 7 ? undefined : `word ${i % 9}`));
  encodeColumn(stringColumnFrom(words), undefined, 200, writer);
  const column = decodeColumn(new ByteReader(writer.bytes()), 200);
  assert.ok(column instanceof DictionaryStrings);
  const table = new KeyTable();
  const out = new Int32Array(200).fill(-7);
  assert.equal(table.internColumn(column, Int32Array.of(3, 7, 12), 3, out), 1);
  assert.deepEqual([out[3], out[7], out[12], table.live], [0, -1, 0, 1]);
  assert.equal(table.internColumn(column, undefined, 200, out), 1);
  assert.deepEqual([...out], words.map((word) => (word === undefined ? -1 : table.findString(word))));
});

test("strings stay right while the table outgrows its cache of recent strings, and after they are released", () => {
  const table = new KeyTable();
  const name = (i: number): string => `${i % 10}-same-middle-${i}`;
  for (let i = 0; i < 20_000; i++) {
    assert.equal(table.internString(name(i)), i);
    const earlier = (i * 7919) % (i + 1);
    assert.equal(table.internString(name(earlier)), earlier);
  }
  const small = new KeyTable();
  const slot = small.internString("old");
  assert.equal(small.internString("old"), slot);
  small.release(slot);
  assert.equal(small.internString("new"), slot);
  assert.notEqual(small.internString("old"), slot);
});

test("a released or unknown slot has no value and is not released twice", () => {
  const table = new KeyTable();
  const slot = table.intern("once");
  table.release(slot);
  for (const wrong of [slot, 5, -1]) {
    assert.throws(() => table.value(wrong), { code: "MILLRACE_USAGE" });
    assert.throws(() => table.release(wrong), { code: "MILLRACE_USAGE" });
  }
  assert.equal(table.intern("again"), slot);
  assert.equal(table.value(slot), "again");
});

test("what cannot be a key is refused and leaves the table as it was", () => {
  const table = new KeyTable();
  for (const wrong of [Number.NaN, Infinity, "\ud800", [Number.NaN]]) {
    assert.throws(() => table.intern(wrong), { code: "MILLRACE_SCHEMA" });
    assert.equal(table.live, 0);
  }
  assert.equal(table.intern("first"), 0);
});
