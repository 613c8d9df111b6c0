import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Field, FieldType } from "../../../src/contracts/columns.ts";
import { parseJsonLines } from "../../../src/codec/formats/json-lines.ts";
import { createNdjsonDecoder } from "../../../src/codec/formats/ndjson.ts";
import { fields } from "../../../src/codec/schema-fields.ts";
import { StringPool } from "../../../src/codec/string-pool.ts";

const encoder = new TextEncoder();
const pool = new StringPool();
const NAMES = ["a", "b", "speed", "æ", "__proto__", "constructor", "", "a\"b", "\n", "x".repeat(80), "😀"];

test("takes exactly the lines that JSON.parse takes to an object, and reads the same values", () => {
  fc.assert(
    fc.property(fc.array(anyLine(), { minLength: 1, maxLength: 8 }), fieldList(), (lines, declared) => {
      const expected = lines.map((text) => expectedRow(text, declared));
      const { rows, malformed, offsets } = decode(declared, lines.join("\n"));
      const good = expected.filter((row) => row !== undefined);
      assert.deepEqual(Array.from({ length: rows.length }, (_, i) => rows.get(i)), good);
      assert.equal(offsets.length, good.length);
      assert.equal(malformed.length, lines.filter((text, i) => expected[i] === undefined && !isBlank(text)).length);
    }),
    { numRuns: 3000 },
  );
});

test("agrees with the path without fields on which lines are JSON objects", () => {
  const anything: readonly Field[] = [{ name: "never", type: "json", optional: true }];
  fc.assert(
    fc.property(fc.array(fc.oneof(anyLine(), fc.string({ unit: "binary" }), damaged()), { minLength: 1, maxLength: 5 }), (lines) => {
      const bytes = encoder.encode(lines.join("\n"));
      const parsed = parseJsonLines(bytes, 0, bytes.length);
      const decoder = createNdjsonDecoder({ fields: anything });
      const out = decoder.createSink(pool);
      decoder.decode(bytes, 0, bytes.length, out);
      const taken = out.take();
      assert.deepEqual([...taken.offsets], [...parsed.offsets]);
      const places = (list: typeof parsed.malformed): unknown => list.map(({ line, start, end }) => ({ line, start, end }));
      assert.deepEqual(places(taken.malformed), places(parsed.malformed));
    }),
    { numRuns: 3000 },
  );
});

test("every cut of a hostile line is refused without harm to its neighbours", () => {
  const hostile = '{"a":-12.5e+3,"b":["}\\"{",{"k":[true,false,null]}],"speed":"\\ud83d\\ude00\\u00e6\\\\","æ":{"__proto__":{"x":[[]]}} }';
  const declared: readonly Field[] = [{ name: "speed", type: "string", optional: false }, { name: "b", type: "json", optional: false }];
  assert.deepEqual(get(decode(declared, hostile)), [{ speed: "😀æ\\", b: ['}"{', { k: [true, false, null] }] }]);
  const bytes = encoder.encode(hostile);
  const good = encoder.encode('{"speed":"x","b":1}');
  for (let cut = 1; cut < bytes.length; cut++) {
    const chunk = join([good, bytes.subarray(0, cut), good]);
    const { rows, malformed } = decodeBytes(declared, chunk);
    assert.equal(rows.length, 2, `cut at ${cut}`);
    assert.deepEqual([malformed.length, malformed[0].line, malformed[0].start, malformed[0].end], [1, 1, good.length + 1, good.length + 1 + cut]);
  }
});

test("every byte put in place of another gives JSON.parse's answer", () => {
  const text = '{"a":1.5,"speed":"x\\n","b":[1,{"c":true}]}';
  const declared = fields({ a: "number", speed: "string?" }).fields;
  const bytes = encoder.encode(text);
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      if (byte === 10) continue;
      const changed = bytes.slice();
      changed[at] = byte;
      let expected: unknown;
      try {
        expected = expectedRow(strict.decode(changed), declared);
      } catch {
        expected = undefined;
      }
      const { rows } = decodeBytes(declared, join([bytes, changed]));
      assert.deepEqual(rows.get(0), { a: 1.5, speed: "x\n" });
      assert.deepEqual(rows.length === 2 ? rows.get(1) : undefined, expected, `byte ${byte} at ${at}`);
    }
  }
});

test("the remembered layout of one line never decides about another", () => {
  const lines = ['{"a":1,"b":"x"}', '{"a": 2,"b":"y"}', '{"b":"z","a":3}', '{ "a":4 , "b" : "w" } ', '{"a":5,"c":0,"b":"v"}', '{"a":6,"b":"u","a":7}', '{"\\u0061":8,"b":"t"}', "{}", '{"a":9,"b":"s"}\r'];
  const declared = fields({ a: "integer", b: "string" }).fields;
  for (const first of lines) {
    for (const second of lines) {
      assert.deepEqual(get(decode(declared, `${first}\n${second}`)), [first, second].map((text) => expectedRow(text, declared)).filter((row) => row !== undefined));
    }
  }
});

test("depth is bounded, in wanted and in unwanted values", () => {
  const nested = (levels: number): string => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  for (const name of ["a", "b"]) {
    const declared: readonly Field[] = [{ name, type: "json", optional: true }];
    assert.equal(decode(declared, nested(1000)).rows.length, 1);
    assert.match(decode(declared, nested(1001)).malformed[0].reason, /nested deeper than 1000/);
    assert.equal(decode(declared, `{"a":${"[".repeat(1_000_000)}`).rows.length, 0);
  }
});

test("broken UTF-8 and lone surrogates are malformed wherever they are", () => {
  const declared = fields({ a: "string?" }).fields;
  const broken = [[0xff], [0xc0, 0xaf], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xf0, 0x80, 0x80, 0xaf], [0xe0, 0x9f, 0xbf]];
  for (const name of ["a", "other"]) {
    for (const sequence of broken) {
      const chunk = Uint8Array.from([...encoder.encode(`{"${name}":"`), ...sequence, ...encoder.encode('"}')]);
      const { rows, malformed } = decodeBytes(declared, chunk);
      assert.deepEqual([rows.length, malformed[0]?.reason], [0, "not well-formed UTF-8"]);
    }
    for (const escape of ["\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\ud800\\ud800", "\\udc00\\ud800"]) {
      assert.match(decode(declared, `{"${name}":"${escape}"}`).malformed[0].reason, /surrogate/);
      assert.match(decode(declared, `{"${name}${escape}":1}`).malformed[0].reason, /surrogate/);
    }
  }
});

test("numbers are exactly JSON.parse's", () => {
  const declared = fields({ n: "number" }).fields;
  const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,25})?([eE][+-]?\d{1,3})?$/);
  fc.assert(
    fc.property(fc.oneof(digits, fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n))), (text) => {
      const { rows } = decode(declared, `{"n":${text}}`);
      const value = JSON.parse(text) as number;
      assert.deepEqual(get({ rows }), Number.isFinite(value) ? [{ n: value }] : []);
    }),
    { numRuns: 3000 },
  );
});

test("a field's reason is told, the last of duplicate keys counts, null is absent", () => {
  const declared = fields({ id: "integer", at: "timestamp?" }).fields;
  const reasons = (text: string): readonly string[] => decode(declared, text).malformed.map((one) => one.reason);
  assert.deepEqual(reasons('{"at":1}'), ['field "id" is missing']);
  assert.deepEqual(reasons('{"id":null}'), ['field "id" is missing']);
  assert.deepEqual(reasons('{"id":1.5}'), ['field "id" is not a safe integer']);
  assert.deepEqual(reasons('{"id":9007199254740992}'), ['field "id" is not a safe integer']);
  assert.deepEqual(reasons('{"id":1e999}'), ['field "id" is out of the range of a safe integer']);
  assert.deepEqual(reasons('{"id":1,"at":"2014-02-30"}'), ['field "at" is not a timestamp (ISO 8601 or epoch milliseconds)']);
  assert.deepEqual(reasons('{"id":1,"at":1.5}'), ['field "at" is not a timestamp (ISO 8601 or epoch milliseconds)']);
  assert.deepEqual(reasons("[1]"), ["not a JSON object"]);
  assert.match(reasons('{"id":1')[0], /^not JSON: /);
  assert.deepEqual(get(decode(declared, '{"id":"x","id":2,"at":null}\n{"id":3,"at":"2014-08-04T00\\u003a00:00Z"}')), [{ id: 2 }, { id: 3, at: 1407110400000 }]);
});

test("a sink holds one chunk at a time, and what was taken stays as it is", () => {
  const decoder = createNdjsonDecoder({ fields: fields({ s: "string", n: "number?" }).fields });
  const out = decoder.createSink();
  const first = encoder.encode('{"s":"a\\tb","n":1}\n{"s":"c"}\n');
  const second = encoder.encode('{"s":"zzzzz","n":7}\n');
  decoder.decode(first, 0, first.length, out);
  assert.throws(() => decoder.decode(second, 0, second.length, out), { code: "MILLRACE_USAGE" });
  const taken = out.take();
  decoder.decode(second, 0, second.length, out);
  assert.deepEqual(get(out.take()), [{ s: "zzzzz", n: 7 }]);
  assert.deepEqual(get(taken), [{ s: "a\tb", n: 1 }, { s: "c" }]);
  assert.deepEqual(new TextDecoder().decode(first), '{"s":"a\\tb","n":1}\n{"s":"c"}\n');
});

test("many rows, growth, and absent values beside malformed lines", () => {
  const decoder = createNdjsonDecoder({ fields: fields({ n: "number?", s: "string?", b: "boolean?", j: "json?" }).fields });
  const out = decoder.createSink();
  const lines: string[] = [];
  const expected: unknown[] = [];
  for (let i = 0; i < 5000; i++) {
    if (i % 7 === 0) lines.push(`{"n":null,"s":"x","b":3}`);
    const value = { ...(i % 3 === 0 ? {} : { n: i }), ...(i % 4 === 0 ? {} : { s: `s${i}` }), ...(i % 5 === 0 ? {} : { b: i % 2 === 0 }), ...(i % 6 === 0 ? {} : { j: [i] }) };
    lines.push(JSON.stringify(value));
    expected.push(value);
  }
  const chunk = encoder.encode(lines.join("\n"));
  const half = chunk.indexOf(10, chunk.length / 2) + 1;
  decoder.decode(chunk, 0, half, out);
  decoder.decode(chunk, half, chunk.length, out);
  const taken = out.take();
  assert.deepEqual(get(taken), expected);
  assert.equal(taken.malformed.length, Math.ceil(5000 / 7));
  const { start, end } = taken.malformed[3];
  assert.equal(new TextDecoder().decode(chunk.subarray(start, end)), '{"n":null,"s":"x","b":3}');
});

function decode(declared: readonly Field[], text: string) {
  return decodeBytes(declared, encoder.encode(text));
}

function decodeBytes(declared: readonly Field[], chunk: Uint8Array) {
  const decoder = createNdjsonDecoder({ fields: declared });
  const out = decoder.createSink(pool);
  decoder.decode(chunk, 0, chunk.length, out);
  return out.take();
}

function get({ rows }: { readonly rows: { readonly length: number; get(row: number): unknown } }): unknown[] {
  return Array.from({ length: rows.length }, (_, i) => rows.get(i));
}

function join(lines: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(lines.flatMap((line, i) => (i === 0 ? [...line] : [10, ...line])));
}

function isBlank(text: string): boolean {
  return /^[ \t\r]*$/.test(text);
}

/** What JSON.parse and the rules of fields make of a line. */
function expectedRow(text: string, declared: readonly Field[]): Record<string, unknown> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(text)) return undefined;
  const row: Record<string, unknown> = {};
  for (const { name, type, optional } of declared) {
    const value: unknown = Object.hasOwn(parsed, name) ? (parsed as Record<string, unknown>)[name] : undefined;
    if (value === undefined || (value === null && !(type === "json" && optional))) {
      if (!optional) return undefined;
      continue;
    }
    if (type !== "json" && typeof value !== (type === "integer" || type === "timestamp" ? "number" : type)) return undefined;
    if (type === "number" && !Number.isFinite(value)) return undefined;
    if (type === "integer" && !Number.isSafeInteger(value)) return undefined;
    if (type === "timestamp" && !(Number.isInteger(value) && Math.abs(value as number) <= 8.64e15)) return undefined;
    Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return row;
}

/** Over source text, so that keys and overridden values count too. */
function hasLoneSurrogate(text: string): boolean {
  return ! text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex?: string) => (hex === undefined ? "?" : String.fromCharCode(Number.parseInt(hex, 16)))).isWellFormed();
}

function fieldList(): fc.Arbitrary<readonly Field[]> {
  const types: readonly FieldType[] = ["number", "integer", "string", "boolean", "timestamp", "json"];
  return fc.uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), type: fc.constantFrom(...types), optional: fc.boolean() }), {
    selector: (field) => field.name,
    minLength: 1,
    maxLength: 4,
  });
}

/** A line of JSON by rendering tokens with random spaces, escapes and repeated keys; now and then damaged. */
function anyLine(): fc.Arbitrary<string> {
  return fc.oneof({ arbitrary: object(), weight: 6 }, { arbitrary: damaged(), weight: 2 }, { arbitrary: fc.json(), weight: 1 }, { arbitrary: fc.constantFrom("", " \t\r", "{}", "[]", "null", "1", '"x"', "\ufeff{}", "{} {}", "{},"), weight: 1 });
}

function damaged(): fc.Arbitrary<string> {
  return fc.tuple(object(), fc.nat(), fc.constantFrom("", "{", "}", "[", "]", '"', "\\", ",", ":", "0", "-", "e", ".", "\t", "\u0000", "t", "null", "\u2028")).map(([text, at, put]) => {
    const i = at % (text.length + 1);
    return (text.slice(0, i) + put + text.slice(i + 1)).toWellFormed().replaceAll("\n", " ");
  });
}

function object(): fc.Arbitrary<string> {
  const space = fc.constantFrom("", "", "", " ", "\t", "\r ");
  const key = fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: "grapheme", maxLength: 4 }));
  const text = (value: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.tuple(value, fc.nat(3)).map(([raw, style]) => quoted(raw, style));
  const scalar = fc.oneof(
    fc.constantFrom("true", "false", "null", "0", "-0", "1e5", "1E-7", "123456789012345678", "0.1", "1e400", "01", "1.", ".5", "+1", "1407110400000", "9007199254740993", "NaN"),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer().map(String),
    text(fc.string({ unit: "grapheme", maxLength: 12 })),
    text(fc.string({ unit: "binary-ascii", maxLength: 12 })),
    fc.constantFrom('"\\ud83d\\ude00"', '"\\ud83d"', '"\\x"', '"\\u12g4"'),
  );
  const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, tie("list"), tie("object")),
    list: fc.tuple(fc.array(tie("value"), { maxLength: 3 }), space).map(([items, pad]) => `[${pad}${items.join(`${pad},${pad}`)}${pad}]`),
    object: fc.tuple(fc.array(fc.tuple(text(key), tie("value")), { maxLength: 3 }), space).map(([members, pad]) => `{${pad}${members.map(([name, item]) => `${name}${pad}:${pad}${item}`).join(`${pad},${pad}`)}${pad}}`),
  }));
  return fc.tuple(fc.array(fc.tuple(text(key), value), { maxLength: 6 }), space).map(([members, pad]) => `${pad}{${pad}${members.map(([name, item]) => `${name}${pad}:${pad}${item}`).join(`${pad},${pad}`)}${pad}}${pad}`);
}

/** A string literal: as JSON.stringify writes it, or with its letters escaped. */
function quoted(raw: string, style: number): string {
  const plain = JSON.stringify(raw);
  if (style < 2 || plain.includes("\\")) return plain;
  return plain.replaceAll(/[a-z]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
