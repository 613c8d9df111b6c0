import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { HOUR, order, serve, until, type Served } from "./support.ts";

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}
interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }>>;
}

test("every operation of the description answers as it says", async (t) => {
  const served = await serve(t);
  const document = (await served.ask("/openapi.json")) as Document;
  const seen = new Set<string>();
  const call = async (method: string, template: string, path: string, options: Parameters<Served["call"]>[1] = {}): Promise<unknown> => {
    const operation = document.paths[template]?.[method.toLowerCase()];
    assert.ok(operation !== undefined, `${method} ${template} is not described`);
    const response = await served.call(path, { method, ...options });
    const described = operation.responses[response.status] ?? operation.responses["default"];
    const type = response.headers.get("content-type")?.split(";", 1)[0] ?? "";
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    seen.add(operation.operationId);
    if (type === "text/event-stream") {
      assert.ok("text/event-stream" in (described.content ?? {}));
      await response.body?.cancel();
      return undefined;
    }
    const text = await response.text();
    assert.ok(operation.responses[response.status] !== undefined, `${method} ${path} answers ${response.status}, which is not described: ${text}`);
    if (text === "") {
      assert.equal(described.content, undefined);
      return undefined;
    }
    assert.ok(type in (described.content ?? {}), `${method} ${path} answers ${type}`);
    const schema = described.content?.[type]?.schema;
    if (!type.endsWith("json")) return text;
    const body: unknown = JSON.parse(text);
    if (schema !== undefined) validate(document, schema, body, `${method} ${path}`);
    return body;
  };

  await call("POST", "/v1/topics/{topic}/atoms", "/v1/topics/orders/atoms", { json: [order("a", 1, 0), order("b", 2, 5), order("a", 3, 10), order("a", 9, 3 * HOUR), { shop: 1 }] });
  await until(() => served.ask("/v1/collections/shops"), (one) => (one as { rows: number }).rows === 2);
  await call("GET", "/v1/workflows", "/v1/workflows");
  await call("GET", "/v1/workflows/{workflow}", "/v1/workflows/per-shop");
  await call("GET", "/v1/workflows/{workflow}", "/v1/workflows/other");
  await call("GET", "/v1/metrics", "/v1/metrics");
  await call("GET", "/v1/metrics/events", "/v1/metrics/events");
  await call("GET", "/v1/stages", "/v1/stages?workflow=per-shop");
  assert.match(String(await call("GET", "/metrics", "/metrics")), /^millrace_atoms_in_total\{workflow="per-shop"/m);
  await call("GET", "/healthz", "/healthz");
  await call("GET", "/readyz", "/readyz");
  await call("GET", "/v1/topics", "/v1/topics");
  await call("GET", "/v1/topics/{topic}", "/v1/topics/orders");
  await call("GET", "/v1/topics/{topic}/atoms", "/v1/topics/orders/atoms?limit=2");
  await call("GET", "/v1/topics/{topic}/atoms", "/v1/topics/orders/atoms?limit=0");
  await call("GET", "/v1/topics/{topic}/events", "/v1/topics/orders/events");
  await call("GET", "/v1/collections", "/v1/collections");
  await call("GET", "/v1/collections/{collection}", "/v1/collections/shops");
  await call("GET", "/v1/collections/{collection}", "/v1/collections/other");
  await call("GET", "/v1/collections/{collection}/rows", "/v1/collections/shops/rows?order=-amount");
  await call("GET", "/v1/collections/{collection}/rows/{key}", "/v1/collections/shops/rows/a");
  await call("GET", "/v1/collections/{collection}/changes", "/v1/collections/shops/changes");
  await call("GET", "/v1/changes", "/v1/changes?collection=shops&collection=prices");
  await call("PUT", "/v1/collections/{collection}/rows/{key}", "/v1/collections/prices/rows/7", { json: { id: 7, price: 2 } });
  await call("PATCH", "/v1/collections/{collection}/rows/{key}", "/v1/collections/prices/rows/7", { json: { price: 3 } });
  await call("POST", "/v1/collections/{collection}/edits", "/v1/collections/prices/edits", { json: { edits: [{ put: { id: 8, price: 1 } }, { delete: "7" }] } });
  await call("DELETE", "/v1/collections/{collection}/rows/{key}", "/v1/collections/prices/rows/8");
  await call("GET", "/v1/dead-letters", "/v1/dead-letters");
  await call("GET", "/v1/dead-letters/{topic}", "/v1/dead-letters/orders");
  await call("POST", "/v1/dead-letters/{topic}/replay", "/v1/dead-letters/orders/replay");
  await call("GET", "/v1/dashboards", "/v1/dashboards");
  await call("GET", "/openapi.json", "/openapi.json");

  const described = Object.values(document.paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
  assert.deepEqual(described.filter((id) => !seen.has(id)), [], "operations that this test does not call");
});

test("what is unknown, not possible or not understood is told as problem details with a code", async (t) => {
  const { ask, call } = await serve(t);
  const codes: (readonly [string, RequestInit, number, string])[] = [
    ["/v1/nothing", {}, 404, "MILLRACE_NOT_FOUND"],
    ["/v1/workflows/none", {}, 404, "MILLRACE_NOT_FOUND"],
    ["/v1/topics/none/atoms", {}, 404, "MILLRACE_NOT_FOUND"],
    ["/v1/topics/orders/atoms?from=x", {}, 400, "MILLRACE_USAGE"],
    ["/v1/topics/orders/atoms?unknown=1", {}, 400, "MILLRACE_USAGE"],
    ["/v1/topics/orders/atoms?cursor=abc", {}, 400, "MILLRACE_USAGE"],
    ["/v1/topics/orders/atoms?partition=3", {}, 404, "MILLRACE_NOT_FOUND"],
    ["/v1/workflows", { method: "DELETE" }, 405, "MILLRACE_USAGE"],
    ["/v1/topics/orders/atoms", { method: "POST", body: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" } }, 415, "MILLRACE_USAGE"],
    ["/v1/topics/orders/atoms", { method: "POST", body: "{", headers: { "content-type": "application/json" } }, 400, "MILLRACE_DECODE"],
    ["/v1/topics/orders/atoms", { method: "POST", body: "[]", headers: { "content-type": "application/json" } }, 400, "MILLRACE_USAGE"],
    ["/v1/topics/orders.dead/atoms", { method: "POST", body: "{}", headers: { "content-type": "application/json" } }, 400, "MILLRACE_USAGE"],
    ["/v1/collections/shops/rows?where=x", {}, 400, "MILLRACE_USAGE"],
    ["/v1/collections/shops/rows/none", {}, 404, "MILLRACE_NOT_FOUND"],
    ["/v1/dead-letters/none", {}, 404, "MILLRACE_NOT_FOUND"],
  ];
  for (const [path, init, status, code] of codes) {
    const problem = (await ask(path, { ...init, status })) as { code: string; status: number; detail: string; type: string };
    assert.deepEqual([problem.code, problem.status, problem.type], [code, status, "about:blank"], path);
    assert.ok(problem.detail.length > 20);
  }
  const response = await call("/v1/workflows", { method: "PUT" });
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("allow"), "GET, HEAD");
  assert.equal((await call("/v1/workflows", { method: "HEAD" })).status, 200);
});

test("atoms are read page by page, and a topic's end is where more will be", async (t) => {
  const { ask } = await serve(t);
  const post = (n: number): Promise<unknown> => ask("/v1/topics/notes/atoms", { json: Array.from({ length: n }, (_, i) => ({ n: i })) });
  await post(25);
  await post(5);
  const read: unknown[] = [];
  let path = "/v1/topics/notes/atoms?limit=7";
  for (;;) {
    const { items, next } = (await ask(path)) as { items: { offset: number; value: { n: number } }[]; next: string };
    for (const { offset, value } of items) read.push([offset, value.n]);
    path = `/v1/topics/notes/atoms?limit=7&cursor=${next}`;
    if (items.length === 0) break;
  }
  assert.deepEqual(read, Array.from({ length: 30 }, (_, i) => [i, i % 25]));
  await post(1);
  assert.equal(((await ask(path)) as { items: unknown[] }).items.length, 1);
  assert.deepEqual(((await ask("/v1/topics/notes/atoms?from=29&limit=5")) as { items: { offset: number }[] }).items.map(({ offset }) => offset), [29, 30]);
});

/** Holds a body against a schema of the document itself. */
function validate(document: Document, schema: object, body: unknown, where: string): void {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll("#/components/schemas/", "#/$defs/");
  const result = z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema).safeParse(body);
  assert.ok(result.success, `${where}: ${result.error?.message}\n${JSON.stringify(body)}`);
}
