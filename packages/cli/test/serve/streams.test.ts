import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { request } from "./raw.ts";
import { eventsOf, serve, until } from "./support.ts";

test("a topic is followed from where the last event ended, whatever came between", async (t) => {
  const served = await serve(t);
  const post = (from: number, to: number): Promise<unknown> => served.ask("/v1/topics/notes/atoms", { json: Array.from({ length: to - from }, (_, i) => ({ n: from + i })) });
  const seen: number[] = [];
  let last: string | undefined;
  const follow = async (upTo: number): Promise<void> => {
    const ended = new AbortController();
    const response = await served.call("/v1/topics/notes/events?from=start", { signal: ended.signal, headers: last === undefined ? {} : { "last-event-id": last } });
    for await (const { id, event, data } of eventsOf(response)) {
      assert.equal(event, "atoms");
      seen.push(...(data as { items: { value: { n: number } }[] }).items.map(({ value }) => value.n));
      last = id;
      if (seen.length >= upTo) break;
    }
    ended.abort();
  };
  await post(0, 1200);
  await follow(500);
  await post(1200, 1300);
  await follow(1300);
  const following = follow(1301);
  await post(1300, 1301);
  await following;
  assert.deepEqual(seen, Array.from({ length: 1301 }, (_, n) => n));
});

test("a client that takes nothing holds nobody up, and memory stays bounded", async (t) => {
  const served = await serve(t);
  const stuck = connect(served.server.port, "127.0.0.1", () => stuck.write(request("GET", "/v1/collections/prices/changes")));
  stuck.pause();
  t.after(() => stuck.destroy());
  const ended = new AbortController();
  const good = await served.call("/v1/collections/prices/changes", { signal: ended.signal });
  const held = new Map<string, number>();
  const reading = (async () => {
    for await (const { data } of eventsOf(good)) for (const { key, row } of (data as { changes: { key: string; row: { price: number } }[] }).changes) held.set(key, row.price);
  })().catch(() => undefined);
  const before = process.memoryUsage().rss;
  const edits = (price: number): object[] => Array.from({ length: 2000 }, (_, id) => ({ put: { id, price } }));
  for (let price = 1; price <= 40; price++) await served.ask("/v1/collections/prices/edits", { json: { edits: edits(price) } });
  await until(() => Promise.resolve(held.get("1999")), (price) => price === 40);
  assert.ok(process.memoryUsage().rss - before < 300e6);
  ended.abort();
  await reading;
});

test("nobody takes a quiet stream for dead: comments come in between", async (t) => {
  const served = await serve(t, { server: { events: { heartbeat: 20 } } });
  const ended = new AbortController();
  const response = await served.call("/v1/topics/notes/events", { signal: ended.signal });
  let text = "";
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(piece);
    if (text.length >= 12) break;
  }
  assert.match(text, /^(: \n\n)+$/);
  ended.abort();
});
