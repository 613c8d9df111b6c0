import assert from "node:assert/strict";
import { test } from "node:test";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import fc from "fast-check";
import { z } from "zod";
import { createNdjsonDecoder } from "../../../src/codec/formats/ndjson.ts";
import { fields, fieldsOf } from "../../../src/codec/schema-fields.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test("a schema of fields tells its types without annotations", () => {
  const schema = fields({ REPORT_ID: "integer", avgSpeed: "number", TIMESTAMP: "timestamp", note: "string?", ok: "boolean", rest: "json" });
  const output: Equal<
    StandardSchemaV1.InferOutput<typeof schema>,
    { readonly REPORT_ID: number; readonly avgSpeed: number; readonly TIMESTAMP: number; readonly ok: boolean; readonly rest: unknown; readonly note?: string | undefined }
  > = true;
  const input: Equal<StandardSchemaV1.InferInput<typeof schema>["TIMESTAMP"], number | string> = true;
  assert.ok(output && input);
  assert.deepEqual(fieldsOf(schema)?.slice(2, 4), [{ name: "TIMESTAMP", type: "timestamp", optional: false }, { name: "note", type: "string", optional: true }]);
});

test("validates plain objects by the rules of the decoders", () => {
  const schema = fields({ id: "integer", at: "timestamp", n: "number?", s: "string?", j: "json?", k: "json" });
  const run = (value: unknown) => schema["~standard"].validate(value);
  assert.deepEqual(run({ id: 1, at: "2014-08-04T00:00:00", k: 0, extra: true, n: null, j: null }), { value: { id: 1, at: Date.UTC(2014, 7, 4), j: null, k: 0 } });
  assert.deepEqual(run({ id: 1.5, at: "x", k: null, n: Infinity, s: "\ud800" }).issues?.map(({ path }) => path?.[0]), ["id", "at", "n", "s", "k"]);
  assert.deepEqual(run({ at: 0, k: 1 }).issues, [{ message: 'field "id" is missing', path: ["id"] }]);
  for (const value of [null, undefined, 1, "x", [1]]) assert.equal(run(value).issues?.length, 1);
});

test("inherited properties are no values", () => {
  assert.deepEqual(fields({ constructor: "json?", toString: "json?" })["~standard"].validate({}), { value: {} });
});

test("says the same of a value as the decoder says of its JSON", () => {
  const schema = fields({ a: "integer", b: "timestamp?", c: "string", d: "json?", e: "boolean?", f: "number?" });
  const decoder = createNdjsonDecoder({ fields: schema.fields });
  const value = fc.oneof(fc.constantFrom<unknown>(null, 1, 1.5, -0, 2 ** 53, "x", "2014-08-04", "2014-08-04T01:02:03.5+01:00", "\u00e6", true, [1], { x: null }), fc.jsonValue());
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), value), (object) => {
      const text = JSON.stringify(object);
      const chunk = new TextEncoder().encode(text);
      const out = decoder.createSink();
      decoder.decode(chunk, 0, chunk.length, out);
      const { rows, malformed } = out.take();
      const result = schema["~standard"].validate(JSON.parse(text));
      if (result.issues !== undefined) assert.ok(malformed.length === 1);
      else assert.deepEqual(rows.get(0), result.value);
    }),
    { numRuns: 3000 },
  );
});

test("refuses shapes that are none", () => {
  assert.throws(() => fields({}), { code: "MILLRACE_SCHEMA" });
  assert.throws(() => fields({ a: "float" as "number" }), { code: "MILLRACE_SCHEMA", message: /float/ });
});

test("reads the fields of a Standard JSON Schema", () => {
  const schema = z.object({
    id: z.int(), speed: z.number().min(0), name: z.string().optional(), ok: z.boolean().default(true), at: z.iso.datetime(),
    kind: z.enum(["a", "b"]), level: z.literal(3), tags: z.array(z.string()), either: z.union([z.string(), z.number()]), maybe: z.string().nullable(), both: z.number().nullish(),
  });
  assert.deepEqual(fieldsOf(schema)?.map(({ name, type, optional }) => `${name}: ${type}${optional ? "?" : ""}`), [
    "id: integer", "speed: number", "name: string?", "ok: boolean?", "at: string", "kind: string", "level: number", "tags: json", "either: json", "maybe: json?", "both: json?",
  ]);
});

test("does not guess where a schema does not tell, or where other properties matter", () => {
  const silent: StandardSchemaV1 = { "~standard": { version: 1, vendor: "other", validate: (value) => ({ value }) } };
  assert.equal(fieldsOf(silent), undefined);
  for (const schema of [z.string(), z.looseObject({ a: z.string() }), z.strictObject({ a: z.string() }), z.object({ a: z.date() }), z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])]) {
    assert.equal(fieldsOf(schema), undefined);
  }
});
