import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { parseJsonLines, validateRows } from "../../../src/codec/formats/json-lines.ts";
import { ObjectRows } from "../../../src/codec/formats/struct-rows.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("lines become objects; what is none is reported where it is", () => {
  const bytes = encode('{"a":"æ"}\n\n  \n[1]\r\n{"b":}\n{"c":"\\ud800"}\n{"d":1}');
  const { rows, offsets, malformed } = parseJsonLines(bytes, 0, bytes.length);
  assert.deepEqual(rows.values, [{ a: "æ" }, { d: 1 }]);
  assert.deepEqual([...offsets], [0, bytes.length - 7]);
  assert.deepEqual(malformed.map(({ line, start, end }) => [line, new TextDecoder().decode(bytes.subarray(start, end))]), [[3, "[1]"], [4, '{"b":}'], [5, '{"c":"\\ud800"}']]);
  assert.match(malformed[1].reason, /^not JSON: /);
});

test("decodes only the range asked for, ASCII or not", () => {
  for (const text of ['{"x":1}\n{"y":2}\n{"z":3}\n', '{"x":1}\n{"y":"é"}\n{"z":3}\n']) {
    const bytes = encode(text);
    const from = bytes.indexOf(10) + 1;
    const to = bytes.indexOf(10, from) + 1;
    const { rows, offsets } = parseJsonLines(bytes, from, to);
    assert.equal(rows.length, 1);
    assert.equal(offsets[0], from);
  }
});

test("a schema's outputs replace the rows; refused rows carry its issues with their paths", () => {
  const schema = z.object({ id: z.string().transform(Number), at: z.object({ lat: z.number() }).optional() });
  const { rows, sources, invalid } = validateRows(schema, new ObjectRows([{ id: "1" }, { id: 2 }, { id: "3", at: { lat: "x" } }, { id: "4", extra: 1 }]));
  assert.deepEqual(rows.values, [{ id: 1 }, { id: 4 }]);
  assert.deepEqual([...sources], [0, 3]);
  assert.deepEqual(invalid.map(({ row }) => row), [1, 2]);
  assert.match(invalid[0].reason, /^id: /);
  assert.match(invalid[1].reason, /^at\.lat: /);
});

test("asynchronous schemas are refused by code", () => {
  const schema = z.object({ id: z.string() }).refine(async () => Promise.resolve(true));
  assert.throws(() => validateRows(schema, new ObjectRows([{ id: "1" }])), { code: "MILLRACE_SCHEMA", message: /asynchronous/ });
});
