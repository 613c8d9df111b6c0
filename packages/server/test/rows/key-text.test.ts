import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keyOf, keysOf, keyText } from "../../src/rows/key-text.ts";

const scalar = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)), fc.boolean(), fc.constant(null));

test("a key's text stands for that key, whatever the key", () => {
  fc.assert(
    fc.property(fc.oneof(scalar, fc.bigInt(), fc.array(scalar, { maxLength: 4 })), (key) => {
      assert.deepEqual(keyOf(keyText(key)), key);
      assert.ok(keyText(key).length > 0);
    }),
  );
});

test("texts that read as JSON stand in quotes, and may be meant without", () => {
  assert.deepEqual(["a b", "17", "17n", "true", '"x"', "[1]", "", "1 2"].map(keyText), ["a b", '"17"', '"17n"', '"true"', '"\\"x\\""', '"[1]"', '""', "1 2"]);
  assert.deepEqual([keyText(17), keyText(17n), keyText(["a", 1])], ["17", "17n", '["a",1]']);
  assert.deepEqual(keysOf("17"), [17, "17"]);
  assert.deepEqual(keysOf("[[1]]"), ["[[1]]"]);
});
