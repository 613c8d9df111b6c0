import assert from "node:assert/strict";
import test from "node:test";
import { keyGroup, keyHash, murmur2, partitionOf } from "../../src/codec/murmur2.ts";

test("murmur2 equals the vectors of Kafka's own UtilsTest", () => {
  const vectors: [string, number][] = [
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ];
  for (const [text, hash] of vectors) {
    const bytes = new TextEncoder().encode(`xyz${text}tail`);
    assert.equal(murmur2(bytes, 3, bytes.length - 4), hash, text);
    assert.equal(keyHash(bytes, 3, bytes.length - 4), hash & 0x7fffffff);
  }
});

test("a key group belongs to the partition of the same residue, so that more partitions split, not shuffle", () => {
  for (let hash = 0; hash < 1000; hash += 7) {
    const group = keyGroup(hash, 256);
    assert.equal(partitionOf(group, 16), partitionOf(group, 64) % 16);
  }
});

test("partitions that do not divide the key groups are refused", () => {
  for (const partitions of [3, 0, -2, 1.5, 512]) assert.throws(() => partitionOf(0, partitions, 256), { code: "MILLRACE_USAGE" });
  assert.equal(partitionOf(17, 17, 34), 0);
});
