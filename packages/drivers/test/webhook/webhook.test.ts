import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { topic, workflow, type Sink } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { webhook } from "../../src/webhook/webhook.ts";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An endpoint that answers with what `answer` says of each request. */
async function endpoint(t: TestContext, answer: (received: Received, count: number) => number | { readonly status: number; readonly headers: Record<string, string> }): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      const one = { headers: request.headers, body };
      received.push(one);
      const said = answer(one, received.length);
      const { status, headers } = typeof said === "number" ? { status: said, headers: {} } : said;
      response.writeHead(status, headers).end(status === 200 ? "" : "not now, dear");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=secret`, received };
}

const numbers = topic<{ n: number }>("numbers");
const fast = { backoff: 1, max: 5 } as const;

/** Runs atoms through a workflow into the sink until all are written or dead; gives the dead letters. */
async function write(target: Sink<{ n: number }>, atoms: readonly { n: number }[], done: () => boolean): Promise<readonly { reason: string }[]> {
  const runtime = await Runtime.start({ workflows: [workflow("w", (flow) => flow.from(numbers).to(target))], ledger: createMemoryLedger(), clock: systemClock() });
  await runtime.append(numbers, atoms);
  const dead: { reason: string }[] = [];
  for (let waited = 0; ; waited += 5) {
    dead.length = 0;
    for await (const { value } of runtime.read("numbers.dead")) dead.push(value as { reason: string });
    const written = [...(await runtime.metrics()).stages.values()].every(({ backlog }) => backlog.atoms === 0 && backlog.batches === 0);
    if (done() && written) break;
    assert.ok(waited < 10_000, "it did not happen within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await runtime.stop();
  return dead;
}

test("rows are posted in order, each once, with their keys", async (t) => {
  const { url, received } = await endpoint(t, () => 200);
  const dead = await write(webhook("hook", { url, headers: { Authorization: "Bearer x" } }), [{ n: 1 }, { n: 2 }, { n: 3 }], () => received.length === 3);
  assert.deepEqual(received.map(({ body }) => body), ['{"n":1}', '{"n":2}', '{"n":3}']);
  assert.equal(new Set(received.map(({ headers }) => headers["idempotency-key"])).size, 3);
  const [{ headers }] = received as [Received];
  assert.deepEqual([headers["content-type"], headers["authorization"], headers["millrace-change"], headers["millrace-attempt"]], ["application/json", "Bearer x", "insert", "1"]);
  assert.deepEqual(dead, []);
});

test("what may get better is tried again with the same key, what cannot is a dead letter at once", async (t) => {
  const seen = new Map<string, number>();
  const { url, received } = await endpoint(t, ({ body }) => {
    const attempt = (seen.get(body) ?? 0) + 1;
    seen.set(body, attempt);
    if (body === '{"n":1}') return [500, 503, 429, 408][attempt - 1] ?? 200;
    if (body === '{"n":2}') return 422;
    if (body === '{"n":4}') return { status: 302, headers: { location: "http://127.0.0.1:1/" } };
    return 200;
  });
  const dead = await write(webhook("hook", { url, retries: fast }), [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }], () => seen.size === 4);
  assert.deepEqual([...seen.values()], [5, 1, 1, 1]);
  const keys = received.filter(({ body }) => body === '{"n":1}').map(({ headers }) => headers["idempotency-key"]);
  assert.equal(new Set(keys).size, 1);
  assert.equal(dead.length, 2);
  assert.match(dead[0]?.reason ?? "", /webhook hook: http:\/\/127\.0\.0\.1:\d+\/hook answered 422: not now, dear/);
  assert.doesNotMatch(JSON.stringify(dead), /secret/);
});

test("an endpoint that is not there is tried as often as was asked for, then the row is a dead letter", async (t) => {
  const { url } = await endpoint(t, () => 200);
  const gone = url.replace(/:\d+/, ":1");
  const dead = await write(webhook("hook", { url: gone, retries: { ...fast, attempts: 2 } }), [{ n: 1 }], () => true);
  assert.match(dead[0]?.reason ?? "", /did not answer/);
});

test("requests are signed as Standard Webhooks says, and Retry-After is kept", async (t) => {
  const secret = Buffer.alloc(32, 7);
  const { url, received } = await endpoint(t, (_, count) => (count === 1 ? { status: 429, headers: { "retry-after": "1" } } : 200));
  const begun = performance.now();
  await write(webhook("hook", { url, secret: `whsec_${secret.toString("base64")}`, retries: fast }), [{ n: 1 }], () => received.length === 2);
  assert.ok(performance.now() - begun >= 990);
  for (const { headers, body } of received) {
    const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`);
    assert.equal(headers["webhook-id"], headers["idempotency-key"]);
  }
});

test("batches are CloudEvents whose ids are the keys", async (t) => {
  const { url, received } = await endpoint(t, () => 200);
  await write(webhook("hook", { url, format: "cloudevents", rows: 2 }), [{ n: 1 }, { n: 2 }, { n: 3 }], () => received.length === 2);
  const events = received.flatMap(({ body }) => JSON.parse(body) as { id: string; source: string; type: string; specversion: string; data: unknown }[]);
  assert.deepEqual(events.map(({ data, source, type, specversion }) => [data, source, type, specversion]), [1, 2, 3].map((n) => [{ n }, "/sinks/hook", "millrace.insert", "1.0"]));
  assert.equal(new Set(events.map(({ id }) => id)).size, 3);
  assert.equal(received[0]?.headers["content-type"], "application/cloudevents-batch+json");
});

test("a URL, header or secret that cannot be is refused at once", () => {
  for (const options of [{ url: "ftp://a" }, { url: "no url" }, { url: "http://user:pass@a" }, { url: "http://a", headers: { "a b": "c" } }, { url: "http://a", secret: "whsec_c2hvcnQ=" }, { url: "http://a", secret: "plain" }]) {
    assert.throws(() => webhook("hook", options), { code: "MILLRACE_USAGE" });
  }
});
