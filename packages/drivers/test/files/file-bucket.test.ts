import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Bucket } from "@millrace/core/internal";
import { fileBucket } from "@millrace/drivers/files";
import { testFolder } from "./read-source.ts";

async function text(bucket: Bucket, name: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await bucket.get(name)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function names(bucket: Bucket, prefix?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const object of bucket.list(prefix)) found.push(object.name);
  return found;
}

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

describe("a file bucket", () => {
  it("puts, reads, replaces and deletes objects, with another etag for other content", async (t) => {
    const folder = join(testFolder(t), "made/on/demand");
    const bucket = fileBucket(folder);
    assert.deepEqual(await names(bucket), []);
    const put = await bucket.put("a/b.txt", bytes("one"));
    assert.deepEqual(await bucket.head("a/b.txt"), put);
    assert.equal(put.bytes, 3);
    assert.equal(await text(bucket, "a/b.txt"), "one");
    const again = await bucket.put("a/b.txt", (async function* () { yield bytes("tw"); yield bytes("o"); })());
    assert.notEqual(again.etag, put.etag);
    assert.equal(await text(bucket, "a/b.txt"), "two");
    await bucket.delete("a/b.txt");
    await bucket.delete("a/b.txt");
    assert.equal(await bucket.head("a/b.txt"), undefined);
    assert.ok(!existsSync(join(folder, "a")));
    await assert.rejects(bucket.get("a/b.txt"), { code: "MILLRACE_NOT_FOUND" });
  });

  it("leaves the object as it was when a put fails half way", async (t) => {
    const bucket = fileBucket(testFolder(t));
    await bucket.put("a", bytes("whole"));
    await assert.rejects(bucket.put("a", (async function* () { yield bytes("ha"); throw new Error("cut"); })()));
    assert.equal(await text(bucket, "a"), "whole");
    assert.deepEqual(await names(bucket), ["a"]);
    await assert.rejects(bucket.put("a/b", bytes("")), { code: "MILLRACE_IO" });
    await bucket.put("c/d", bytes(""));
    await assert.rejects(bucket.put("c", bytes("")), { code: "MILLRACE_IO", message: /both an object and a folder/ });
    assert.equal(await bucket.head("c"), undefined);
    await assert.rejects(bucket.get("c"), { code: "MILLRACE_NOT_FOUND" });
  });

  it("refuses names that lead out of its folder", async (t) => {
    const folder = testFolder(t);
    mkdirSync(join(folder, "in"));
    writeFileSync(join(folder, "secret"), "x");
    const bucket = fileBucket(join(folder, "in"));
    for (const name of ["../secret", "a/../../secret", "/etc/passwd", "", ".", "a//b", "a/", "..\\secret", "a\0b", ".hidden", "a/.b", "C:\\x"]) {
      await assert.rejects(bucket.get(name), { code: "MILLRACE_USAGE" }, name);
      await assert.rejects(bucket.put(name, bytes("")), { code: "MILLRACE_USAGE" }, name);
      await assert.rejects(bucket.delete(name), { code: "MILLRACE_USAGE" }, name);
    }
    assert.deepEqual(await names(bucket, "../"), []);
  });

  it("lists by prefix in the order of names", async (t) => {
    const folder = testFolder(t);
    const segment = fc.constantFrom("a", "a.b", "a-b", "b", "ab", "é");
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => [...parts.slice(0, -1).map((part) => `${part}d`), `${parts.at(-1)}f`].join("/"));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 12 }), fc.constantFrom("", "a", "ad/", "ad/a", "x", "abd/b"), async (put, prefix) => {
        const bucket = fileBucket(join(folder, String(run++)));
        for (const object of put) await bucket.put(object, bytes(object));
        assert.deepEqual(await names(bucket, prefix), put.filter((object) => object.startsWith(prefix)).sort());
      }),
      { numRuns: 60 },
    );
  });
});
