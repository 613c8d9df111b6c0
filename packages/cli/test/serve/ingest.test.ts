import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { order, serve, type Served } from "./support.ts";

interface Outcome {
  readonly appended: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly malformed: readonly { readonly line?: number; readonly index?: number; readonly reason: string }[];
}

const NDJSON = { "content-type": "application/x-ndjson" };
const lines = (...values: readonly unknown[]): string => values.map((value) => `${typeof value === "string" ? value : JSON.stringify(value)}\n`).join("");

async function post(served: Served, topic: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>, status = 200): Promise<Outcome> {
  return (await served.ask(`/v1/topics/${topic}/atoms`, { method: "POST", body, headers, status })) as Outcome;
}

async function valuesOf(served: Served, topic: string): Promise<unknown[]> {
  const { items } = (await served.ask(`/v1/topics/${topic}/atoms?limit=10000`)) as { items: { value: unknown }[] };
  return items.map(({ value }) => value);
}

test("JSON, NDJSON and packed bodies become atoms of the topic's schema", async (t) => {
  const served = await serve(t);
  const text = lines(order("a", 1, 0), order("b", 2, 0));
  assert.deepEqual(await post(served, "orders", text, NDJSON), { appended: 2, duplicates: 0, refused: 0, malformed: [] });
  assert.equal((await post(served, "orders", text.trimEnd(), { "content-type": "application/jsonl; charset=utf-8" })).appended, 2);
  assert.equal((await post(served, "orders", JSON.stringify({ ...order("c", 3, 0), at: "1970-01-01T00:00:00Z", more: true }), { "content-type": "application/json" })).appended, 1);
  assert.equal((await post(served, "orders", gzipSync(text), { ...NDJSON, "content-encoding": "gzip" })).appended, 2);
  const frames = Buffer.concat([zstdCompressSync(lines(order("d", 4, 0))), zstdCompressSync(lines(order("e", 5, 0)))]);
  assert.equal((await post(served, "orders", frames, { ...NDJSON, "content-encoding": "zstd" })).appended, 2);
  assert.deepEqual((await valuesOf(served, "orders")).map((one) => (one as { shop: string }).shop).join(""), "ababcabde");
  assert.deepEqual((await valuesOf(served, "orders"))[4], order("c", 3, 0));
});

test("malformed atoms go to the dead letters, are told, and hold no other up", async (t) => {
  const served = await serve(t);
  const body = lines(order("a", 1, 0), "{no json", "", { shop: "b", amount: "much", at: 0 }, order("c", 3, 0));
  const { malformed, ...counts } = await post(served, "orders", body, NDJSON);
  assert.deepEqual(counts, { appended: 2, duplicates: 0, refused: 2 });
  assert.deepEqual(malformed.map(({ line }) => line), [2, 4]);
  assert.match(malformed[1]?.reason ?? "", /"amount" is not a number/);
  const { items } = (await served.ask("/v1/dead-letters/orders")) as { items: { raw: string; position: string }[] };
  assert.deepEqual(items.map(({ raw, position }) => [raw, position]), [["{no json", "request, line 2"], ['{"shop":"b","amount":"much","at":0}', "request, line 4"]]);

  const refused = (await served.ask("/v1/topics/orders/atoms?malformed=refuse", { method: "POST", body, headers: NDJSON, status: 422 })) as { malformed: unknown[]; detail: string };
  assert.equal(refused.malformed.length, 2);
  assert.match(refused.detail, /nothing was appended/);
  const all = (await served.ask("/v1/topics/orders/atoms", { json: [1, { shop: 2 }], status: 422 })) as { malformed: { index: number }[]; detail: string };
  assert.deepEqual(all.malformed.map(({ index }) => index), [0, 1]);
  assert.match(all.detail, /dead letters of the topic, orders\.dead/);
  assert.equal((await valuesOf(served, "orders")).length, 2);
  assert.equal((await valuesOf(served, "orders.dead")).length, 4);
});

test("a dead letter that can be read now is replayed once", async (t) => {
  const served = await serve(t);
  await post(served, "notes", lines({ deep: 1 }), NDJSON);
  await served.ask("/v1/topics/orders/atoms", { json: [{ shop: "a", amount: 1, at: "no time" }, order("b", 1, 0)] });
  assert.deepEqual(await served.ask("/v1/dead-letters/orders/replay", { method: "POST" }), { replayed: 0, before: 0, unknown: [], refused: [{ number: 0, reason: 'field "at" is not a timestamp (ISO 8601 or epoch milliseconds)' }] });
  assert.deepEqual(await served.ask("/v1/dead-letters/orders/replay", { json: { numbers: [5] } }), { replayed: 0, before: 0, unknown: [5], refused: [] });
});

test("a request with an Idempotency-Key takes effect once, also after a restart", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-serve-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const headers = { ...NDJSON, "idempotency-key": '"0f3c"' };
  const body = lines(order("a", 1, 0), "{bad", order("b", 2, 0));
  await t.test("first", async (inner) => {
    const served = await serve(inner, { start: { data } });
    const [first, again] = await Promise.all([post(served, "orders", body, headers), post(served, "orders", body, headers)]);
    assert.deepEqual([first.appended + again.appended, first.duplicates + again.duplicates], [2, 2]);
    await post(served, "orders", lines(order("c", 1, 0)), headers, 409);
    await post(served, "notes", lines(order("c", 1, 0)), headers);
  });
  await t.test("after a restart", async (inner) => {
    const served = await serve(inner, { start: { data } });
    assert.deepEqual(await post(served, "orders", body, headers).then(({ appended, duplicates, refused }) => [appended, duplicates, refused]), [0, 2, 1]);
    assert.equal((await valuesOf(served, "orders")).length, 2);
    assert.equal((await valuesOf(served, "orders.dead")).length, 1);
    await post(served, "orders", body, { ...NDJSON, "idempotency-key": "with space" }, 400);
  });
});

test("CloudEvents, structured, in batches and binary, take effect once by source and id", async (t) => {
  const served = await serve(t);
  const event = (id: string, data: unknown, more: object = {}): object => ({ specversion: "1.0", type: "order", source: "/shop", id, data, ...more });
  const structured = { "content-type": "application/cloudevents+json; charset=utf-8" };
  const batch = { "content-type": "application/cloudevents-batch+json" };
  const one = await post(served, "orders", JSON.stringify(event("1", order("a", 1, 0))), structured);
  assert.deepEqual([one.appended, one.duplicates], [1, 0]);
  const many = await post(served, "orders", JSON.stringify([event("1", order("a", 1, 0)), event("2", order("b", 2, 0), { time: "2026-01-02T03:04:05Z" }), event("3", { shop: 1 }), { id: "4" }, event("2", order("b", 2, 0))]), batch);
  assert.deepEqual([many.appended, many.duplicates, many.refused], [1, 2, 2]);
  assert.deepEqual(many.malformed.map(({ index }) => index), [2, 3]);
  const binary = { "ce-specversion": "1.0", "ce-type": "order", "ce-source": "/shop%20two", "ce-id": "1", "content-type": "application/json" };
  assert.equal((await post(served, "orders", JSON.stringify(order("c", 3, 0)), binary)).appended, 1);
  assert.equal((await post(served, "orders", JSON.stringify(order("c", 3, 0)), binary)).duplicates, 1);
  assert.deepEqual(((await valuesOf(served, "orders")) as { shop: string }[]).map(({ shop }) => shop), ["a", "b", "c"]);
  // What was malformed under an id is a dead letter once, and can come again, corrected.
  await post(served, "orders", JSON.stringify([event("3", { shop: 1 }), event("5", order("e", 1, 0))]), batch);
  assert.equal((await post(served, "orders", JSON.stringify(event("3", order("d", 4, 0))), structured)).appended, 1);
  assert.equal((await valuesOf(served, "orders.dead")).length, 2);

  assert.equal((await post(served, "notes", JSON.stringify(event("1", undefined, { data_base64: "aGk=", datacontenttype: "text/plain" })), structured)).appended, 1);
  assert.equal((await post(served, "notes", "plain", { ...binary, "content-type": "text/plain" })).appended, 1);
  assert.deepEqual(await valuesOf(served, "notes"), ["hi", "plain"]);
  const { items } = (await served.ask("/v1/topics/orders/atoms?from=1&limit=1")) as { items: { time: number }[] };
  assert.equal(items[0]?.time, Date.parse("2026-01-02T03:04:05Z"));
});

test("bodies above the limits, packed too tightly or damaged are refused, and memory is given back", async (t) => {
  const served = await serve(t, { server: { limits: { bytes: 100_000, unpackedBytes: 200_000, totalBytes: 400_000 } } });
  const small = lines(order("a", 1, 0));
  await post(served, "orders", small.repeat(5000), NDJSON, 413);
  const bombs = { gzip: gzipSync(Buffer.alloc(50_000_000, 10)), zstd: zstdCompressSync(Buffer.alloc(50_000_000, 10)) };
  for (let i = 0; i < 20; i++) {
    for (const [encoding, bomb] of Object.entries(bombs)) await post(served, "orders", bomb, { ...NDJSON, "content-encoding": encoding }, 413);
  }
  await post(served, "orders", gzipSync(small).subarray(0, 20), { ...NDJSON, "content-encoding": "gzip" }, 400);
  await post(served, "orders", "no zstd", { ...NDJSON, "content-encoding": "zstd" }, 400);
  await post(served, "orders", small, { ...NDJSON, "content-encoding": "br" }, 415);
  await post(served, "orders", small, { ...NDJSON, "content-encoding": "gzip, gzip" }, 415);
  assert.equal((await post(served, "orders", small.repeat(1000), NDJSON)).appended, 1000);
});

test("a chunked body without a length is bounded too", async (t) => {
  const served = await serve(t, { server: { limits: { bytes: 10_000 } } });
  const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array(4096).fill(10)) });
  const response = await served.call("/v1/topics/orders/atoms", { method: "POST", body: endless, headers: NDJSON, duplex: "half" }).catch(() => undefined);
  if (response !== undefined) assert.equal(response.status, 413);
  assert.equal((await post(served, "orders", lines(order("a", 1, 0)), NDJSON)).appended, 1);
});
