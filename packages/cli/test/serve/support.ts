import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { collection, count, fields, sum, topic, tumbling, workflow, type Workflow } from "millrace";
import { dashboard, table } from "millrace/dashboards";
import { startServer, type RunningServer, type ServerOptions } from "@millrace/server";
import { servedApp } from "../../src/serve/served-app.ts";
import { startLoaded } from "../../src/start-loaded.ts";
import type { StartOptions } from "../../src/start-options.ts";

export const orders = topic("orders", { schema: fields({ shop: "string", amount: "number", at: "timestamp" }) });
export const totals = topic<{ readonly shop: string; readonly amount: number }>("totals");

export interface Shop {
  readonly shop: string;
  readonly amount: number;
  readonly orders: number;
}

export const shops = collection("shops", { key: (row) => row.shop, schema: fields({ shop: "string", amount: "number", orders: "integer" }) });
export const prices = collection("prices", { key: (row) => row.id, schema: fields({ id: "integer", price: "number" }) });
export const notes = topic<unknown>("notes");

const perShop = workflow("per-shop", (flow) => {
  const rows = flow
    .from(orders, { time: (order) => order.at })
    .keyBy((order) => order.shop)
    .window(tumbling("1h"))
    .aggregate({ amount: sum((order) => order.amount), orders: count() })
    .map(({ key, amount, orders: number }) => ({ shop: key, amount, orders: number }));
  rows.to(shops);
  rows.map(({ shop, amount }) => ({ shop, amount })).to(totals);
});

const copies = workflow("copies", (flow) => {
  flow.from(notes).to(topic("copied"));
});

export interface Served {
  readonly url: string;
  readonly server: RunningServer;
  /** Fetches a path; `json` is sent as such. */
  call(path: string, init?: RequestInit & { readonly json?: unknown }): Promise<Response>;
  /** The same, for its JSON body; fails on another status. */
  ask(path: string, init?: RequestInit & { readonly json?: unknown; readonly status?: number }): Promise<unknown>;
}

export interface ServeOptions {
  readonly server?: ServerOptions;
  readonly start?: StartOptions;
  readonly workflows?: readonly Workflow[];
}

/** Workflows that run, behind a server on a free port; both end with the test. */
export async function serve(t: TestContext, options: ServeOptions = {}): Promise<Served> {
  const { workflows = [perShop, copies] } = options;
  const started = await startLoaded({ workflows, sources: new Map(), modules: [], dashboards: [], collections: [] }, { collections: [prices], ...options.start });
  const page = dashboard("shops", "Shops", [table(shops, { title: "Shops", columns: ["shop", "amount"] })]);
  const server = await startServer(servedApp(started, [page]), { port: 0, ...options.server });
  t.after(async () => {
    await server.close();
    await started.app.stop();
  });
  const call: Served["call"] = (path, { json, ...init } = {}) => {
    const body = json === undefined ? {} : { method: "POST", body: JSON.stringify(json) };
    return fetch(server.url + path, { ...body, ...init, headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...(init.headers as Record<string, string> | undefined) } });
  };
  const ask: Served["ask"] = async (path, { status = 200, ...init } = {}) => {
    const response = await call(path, init);
    const text = await response.text();
    assert.equal(response.status, status, `${init.method ?? "GET"} ${path}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return { url: server.url, server, call, ask };
}

export const HOUR = 3_600_000;
export const order = (shop: string, amount: number, at: number): { shop: string; amount: number; at: number } => ({ shop, amount, at });

/** Asks until the answer is as wanted. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let waited = 0; ; waited += 10) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    assert.ok(waited < 10_000, `it did not happen within 10 s; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface SentEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}

/** Reads a stream of server-sent events. */
export async function* eventsOf(response: Response): AsyncGenerator<SentEvent> {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(piece, { stream: true });
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const id = field("id");
      const data = field("data");
      if (data !== undefined) yield { ...(id === undefined ? {} : { id }), event: field("event") ?? "message", data: JSON.parse(data) as unknown };
    }
  }
}
