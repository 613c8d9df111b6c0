import assert from "node:assert/strict";
import { test } from "node:test";
import { byteOrderMarkLength, countLines, lastRecordEnd } from "../../../src/codec/formats/record-ends.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a record ends after its line feed", () => {
  const bytes = encode("a\nb\nc");
  assert.equal(lastRecordEnd(bytes, 0, 5, "ndjson"), 4);
  assert.equal(lastRecordEnd(bytes, 0, 3, "csv"), 2);
  assert.equal(lastRecordEnd(bytes, 4, 5, "ndjson"), 4);
  assert.equal(lastRecordEnd(bytes, 2, 2, "csv"), 2);
});

test("line feeds within quotes end no CSV record", () => {
  const bytes = encode('a,"x\n""\n",b\n"y\n');
  assert.equal(lastRecordEnd(bytes, 0, bytes.length, "csv"), 12);
  assert.equal(lastRecordEnd(bytes, 0, 8, "csv"), 0);
  assert.equal(lastRecordEnd(bytes, 5, 12, "csv", true), 12);
  assert.equal(lastRecordEnd(bytes, 5, 8, "csv", true), 5);
});

test("a stray quote within an unquoted field hides no line feed", () => {
  const bytes = encode('a 5" pipe,x\nb,y\n');
  assert.equal(lastRecordEnd(bytes, 0, bytes.length, "csv"), bytes.length);
});

test("lines are counted, byte order marks are seen", () => {
  assert.equal(countLines(encode("a\n\nb\n"), 1, 4), 2);
  assert.equal(byteOrderMarkLength(encode("\ufeffa")), 3);
  assert.equal(byteOrderMarkLength(encode("a")), 0);
});
