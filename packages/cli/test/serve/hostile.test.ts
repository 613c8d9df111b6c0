import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { raw, request } from "./raw.ts";
import { order, serve, type Served } from "./support.ts";

const NDJSON = { "content-type": "application/x-ndjson" };

/** It still answers, and what was there is there. */
async function unharmed(served: Served): Promise<void> {
  await served.ask("/healthz");
  await served.ask("/readyz");
  assert.equal(((await served.ask("/v1/topics/orders/atoms", { json: order("a", 1, 0) })) as { appended: number }).appended, 1);
}

const PATHS = ["/v1/topics/orders/atoms", "/v1/topics/..%2f..%2fetc%2fpasswd/atoms", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/v1/collections/__proto__/rows", "/v1/collections/constructor", "/v1/workflows/toString", "/v1/topics/%00", "/v1/topics/%ff%fe", "/v1/topics/%", "/v1/collections/prices/rows/%5B%5B1%5D%5D", "/v1/dead-letters/__proto__", "http://evil.example/v1/topics", "*", "/v1/topics/orders/atoms?cursor=WzEsMl0", "/v1/topics?__proto__[x]=1"];

test("no path or query does anything but answer", async (t) => {
  const served = await serve(t);
  const segment = fc.oneof(fc.constantFrom("v1", "topics", "orders", "atoms", "collections", "prices", "rows", "..", ".", "%2e%2e", "__proto__", "constructor", "%00", "%E0%A4%A", ""), fc.string({ maxLength: 20 }).map(encodeURIComponent), fc.stringMatching(/^[!-~]{1,20}$/));
  const query = fc.oneof(fc.constant(""), fc.stringMatching(/^\?[!-~]{0,40}$/), fc.constantFrom("?limit=1e9", "?limit=-1", "?from=NaN", "?where=a=1&where=b", "?order=__proto__", "?cursor=e30", "?prefix=%ff", "?partition=256"));
  const target = fc.oneof(fc.constantFrom(...PATHS), fc.tuple(fc.array(segment, { minLength: 1, maxLength: 6 }), query).map(([parts, end]) => `/${parts.join("/")}${end}`));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"), target, async (method, path) => {
      const { status, text } = await raw(served.server.port, request(method, path, { accept: "application/json" }));
      assert.ok((status >= 200 && status < 500) || (status === 0 && path.includes("events")), `${method} ${path}: ${status} ${text}`);
      assert.doesNotMatch(text, /root:|node_modules|at .*\.ts:\d/);
    }),
    { numRuns: 300 },
  );
  await unharmed(served);
});

test("no bytes on the wire do anything but an answer or an end", async (t) => {
  const served = await serve(t);
  const header = fc.tuple(fc.constantFrom("host", "origin", "content-length", "transfer-encoding", "content-type", "content-encoding", "last-event-id", "idempotency-key", "if-match", "authorization", "ce-id", "ce-specversion", "expect", "upgrade"), fc.stringMatching(/^[ -~]{0,60}$/));
  await fc.assert(
    fc.asyncProperty(fc.array(header, { maxLength: 6 }), fc.uint8Array({ maxLength: 200 }), async (headers, body) => {
      const head = request("POST", "/v1/topics/notes/atoms", { "content-type": "application/json", ...Object.fromEntries(headers) });
      const { status, text } = await raw(served.server.port, Buffer.concat([Buffer.from(head, "latin1"), body]), 150);
      assert.ok(status < 500, `${status} ${text}`);
    }),
    { numRuns: 100 },
  );
  for (const bytes of ["\r\n\r\n", "GET", "\u0016\u0003\u0001\u0002", `GET / HTTP/1.1\r\nhost: a\r\n${"x: y\r\n".repeat(5000)}\r\n`, `GET /${"a".repeat(100_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, "POST /v1/topics/notes/atoms HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"]) {
    assert.ok((await raw(served.server.port, bytes, 300)).status < 500);
  }
  await unharmed(served);
});

test("no body of atoms does anything but be taken or refused", async (t) => {
  const served = await serve(t);
  const types = ["application/json", "application/x-ndjson", "application/cloudevents+json", "application/cloudevents-batch+json"];
  const spoilt = fc.oneof(
    fc.json({ depthSize: "large" }),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.constantFrom("{", '"\\ud800"', '{"shop":"\\ud800","amount":1,"at":0}', '{"__proto__":{"polluted":1},"shop":"a","amount":1,"at":0}', '{"shop":"a","shop":"b","amount":1,"at":0}', '{"shop":"a","amount":1e400,"at":0}', '{"shop":"a","amount":NaN,"at":0}', '{"shop":"a","amount":Infinity,"at":0}', '{"shop":"a","amount":1,"at":1e300}', "[".repeat(50_000), `${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`, "\uFEFF{}", "\0", "1".repeat(100_000)),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...types), fc.constantFrom("orders", "notes"), fc.array(spoilt, { maxLength: 4 }), async (type, topic, parts) => {
      const response = await served.call(`/v1/topics/${topic}/atoms`, { method: "POST", headers: { "content-type": type }, body: Buffer.from(parts.join("\n"), "latin1") });
      const text = await response.text();
      assert.ok([200, 400, 413, 422].includes(response.status), `${response.status} ${text}`);
    }),
    { numRuns: 300 },
  );
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  // What was taken can be read again, and written as JSON.
  for (const topic of ["orders", "notes", "orders.dead", "notes.dead"]) {
    const { partitions } = (await served.ask(`/v1/topics/${topic}`)) as { partitions: { end: number }[] };
    const { items } = (await served.ask(`/v1/topics/${topic}/atoms?limit=10000`)) as { items: unknown[] };
    assert.equal(items.length, partitions[0]?.end);
  }
  await unharmed(served);
});

test("no row or patch does anything but be taken or refused", async (t) => {
  const served = await serve(t);
  await served.ask("/v1/collections/prices/rows/1", { json: { id: 1, price: 1 }, method: "PUT" });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("PUT", "PATCH"), fc.oneof(fc.json(), fc.constantFrom('{"__proto__":{"polluted":1}}', '{"id":1,"price":2,"__proto__":1}', "null", "[]", '{"id":1,"price":1e999}')), async (method, body) => {
      const response = await served.call("/v1/collections/prices/rows/1", { method, headers: { "content-type": "application/json" }, body });
      const text = await response.text();
      assert.ok([200, 400, 422].includes(response.status), `${response.status} ${text}`);
    }),
    { numRuns: 200 },
  );
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  await unharmed(served);
});

test("a long line of 10 MB, and lines that are all malformed, are bounded", async (t) => {
  const served = await serve(t);
  const long = JSON.stringify({ text: "x".repeat(10_000_000) });
  assert.equal(((await served.ask("/v1/topics/notes/atoms", { method: "POST", headers: NDJSON, body: `${long}\n` })) as { appended: number }).appended, 1);
  await served.ask("/v1/topics/orders/atoms", { method: "POST", headers: NDJSON, body: "x\n".repeat(3_000_000), status: 422 });
  await served.ask("/v1/topics/notes/atoms", { method: "POST", headers: NDJSON, body: "{}\n".repeat(1_100_000), status: 413 });
  await served.ask("/v1/topics/notes/atoms", { method: "POST", headers: { "content-type": "application/json" }, body: `[${"1,".repeat(4_500_000)}1]`, status: 413 });
  await unharmed(served);
});

test("who sends slowly is cut off, and holds nobody up", async (t) => {
  const served = await serve(t, { server: { requestTimeout: 300 } });
  const { port } = served.server;
  const slow = [
    raw(port, "GET /v1/topics HTTP/1.1\r\nhost: 127", 10_000),
    raw(port, "POST /v1/topics/notes/atoms HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{", 10_000),
  ];
  await unharmed(served);
  assert.deepEqual((await Promise.all(slow)).map(({ status }) => status), [408, 408]);
  await unharmed(served);
});
