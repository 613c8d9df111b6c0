import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsOf, serve, type Served } from "./support.ts";

interface Row {
  readonly key: string;
  readonly row: { readonly id: number; readonly price: number } | null;
}

const put = (served: Served, id: number, price: number, headers: Record<string, string> = {}, status = 200): Promise<unknown> =>
  served.ask(`/v1/collections/prices/rows/${id}`, { json: { id, price }, method: "PUT", headers, status });

async function rows(served: Served, query = ""): Promise<{ readonly items: readonly Row[]; readonly next?: string }> {
  return (await served.ask(`/v1/collections/prices/rows${query}`)) as { items: Row[]; next?: string };
}

test("rows are put, patched and deleted, and only while they are what the caller saw", async (t) => {
  const served = await serve(t);
  assert.deepEqual(await put(served, 1, 5, { "if-none-match": "*" }), { key: "1", row: { id: 1, price: 5 } });
  await put(served, 1, 6, { "if-none-match": "*" }, 412);
  const first = await served.call("/v1/collections/prices/rows/1");
  const etag = first.headers.get("etag") ?? "";
  assert.equal((await served.call("/v1/collections/prices/rows/1", { headers: { "if-none-match": etag } })).status, 304);
  await put(served, 1, 7, { "if-match": etag });
  await put(served, 1, 8, { "if-match": etag }, 412);
  await put(served, 2, 1, { "if-match": "*" }, 412);
  await served.ask("/v1/collections/prices/rows/1", { json: { id: 2, price: 1 }, method: "PUT", status: 400 });
  await served.ask("/v1/collections/prices/rows/1", { json: { id: 1, price: "much" }, method: "PUT", status: 422 });
  await served.ask("/v1/collections/prices/rows/1", { method: "PUT", body: "id=1", headers: { "content-type": "text/plain" }, status: 415 });
  assert.deepEqual(await served.ask("/v1/collections/prices/rows/1", { json: { price: 9 }, method: "PATCH" }), { key: "1", row: { id: 1, price: 9 } });
  await served.ask("/v1/collections/prices/rows/1", { json: { price: null }, method: "PATCH", status: 422 });
  await served.ask("/v1/collections/prices/rows/1", { json: { price: 9 }, method: "PATCH", headers: { "if-match": etag }, status: 412 });
  await served.ask("/v1/collections/prices/rows/9", { json: { price: 9 }, method: "PATCH", status: 404 });
  await served.ask("/v1/collections/prices/rows/1", { method: "DELETE", headers: { "if-match": etag }, status: 412 });
  await served.ask("/v1/collections/prices/rows/1", { method: "DELETE", status: 204 });
  await served.ask("/v1/collections/prices/rows/1", { method: "DELETE", status: 404 });
});

test("patches that come together are all made", async (t) => {
  const served = await serve(t);
  await put(served, 1, 0);
  const fields = ["a", "b", "c"];
  await Promise.all(fields.map((_, price) => served.ask("/v1/collections/prices/rows/1", { json: { price }, method: "PATCH" })));
  assert.equal((await rows(served)).items.length, 1);
  assert.equal(((await served.ask("/v1/collections/prices")) as { version: number }).version, 4);
});

test("edits are made together or not at all", async (t) => {
  const served = await serve(t);
  await served.ask("/v1/collections/prices/edits", { json: { edits: [{ put: { id: 1, price: 1 } }, { put: { id: 2 } }] }, status: 422 });
  assert.deepEqual((await rows(served)).items, []);
  await served.ask("/v1/collections/prices/edits", { json: { edits: [{ put: { id: 1, price: 1 } }, { put: { id: 2, price: 2 } }, { delete: "1" }] } });
  assert.deepEqual((await rows(served)).items.map(({ key }) => key), ["2"]);
  await served.ask("/v1/collections/prices/edits", { json: [{ put: 1 }], status: 400 });
});

test("a query filters, orders and goes on page by page", async (t) => {
  const served = await serve(t);
  const edits = Array.from({ length: 40 }, (_, id) => ({ put: { id, price: (id * 7) % 10 } }));
  await served.ask("/v1/collections/prices/edits", { json: { edits } });
  assert.deepEqual((await rows(served, "?from=10&to=13")).items.map(({ key }) => key), ["10", "11", "12"]);
  assert.deepEqual((await rows(served, "?where=price%3D3&where=id<20")).items.map(({ key }) => key), ["9", "19"]);
  for (const order of ["", "&order=price", "&order=-price"]) {
    const seen: Row[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const page: { items: readonly Row[]; next?: string } = await rows(served, `?limit=7${order}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      assert.ok(page.items.length <= 7);
      seen.push(...page.items);
      cursor = page.next;
    }
    assert.equal(new Set(seen.map(({ key }) => key)).size, 40);
    const prices = seen.map(({ row }) => row?.price ?? 0);
    const sorted = order === "" ? prices : prices.toSorted((a, b) => (order.includes("-") ? b - a : a - b));
    assert.deepEqual(prices, sorted);
  }
});

test("a subscriber sees all rows, then each change, and goes on after what it saw last", async (t) => {
  const served = await serve(t);
  await put(served, 1, 1);
  const held = new Map<string, unknown>();
  const follow = async (last: string | undefined, until: () => boolean, ready: () => void = () => undefined): Promise<{ id: string | undefined; events: string[] }> => {
    const ended = new AbortController();
    const response = await served.call("/v1/collections/prices/changes", { signal: ended.signal, headers: last === undefined ? {} : { "last-event-id": last } });
    const events: string[] = [];
    let id: string | undefined;
    ready();
    for await (const sent of eventsOf(response)) {
      events.push(sent.event);
      if (sent.event === "snapshot") held.clear();
      for (const { key, row } of (sent.data as { changes: Row[] }).changes) {
        if (row === null) held.delete(key);
        else held.set(key, row.price);
      }
      id = sent.id ?? id;
      if (until()) break;
    }
    ended.abort();
    return { id, events };
  };
  const first = await follow(undefined, () => held.get("2") === 2, () => void put(served, 2, 2));
  assert.equal(first.events[0], "snapshot");
  await served.ask("/v1/collections/prices/rows/1", { method: "DELETE", status: 204 });
  await put(served, 3, 3);
  const second = await follow(first.id, () => held.get("4") === 4, () => void put(served, 4, 4));
  assert.ok(!second.events.includes("snapshot"), "it went on without all rows");
  assert.deepEqual(held, new Map([["2", 2], ["3", 3], ["4", 4]]));
  const third = await follow("999999", () => held.size > 0);
  assert.deepEqual(third.events, ["snapshot"]);
});

test("keys that are no plain text are addressed as JSON", async (t) => {
  const served = await serve(t);
  await put(served, 17, 1);
  assert.equal(((await served.ask("/v1/collections/prices/rows/17")) as Row).key, "17");
  await served.ask(`/v1/collections/prices/rows/${encodeURIComponent('"17"')}`, { status: 404 });
});
