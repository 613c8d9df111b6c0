import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "@millrace/server";
import { raw, request } from "./raw.ts";
import { serve } from "./support.ts";

const TOKEN = "a-token-that-nobody-guesses";

test("a page of another origin can neither read nor change anything", async (t) => {
  const { server } = await serve(t);
  const { port } = server;
  const ours = `127.0.0.1:${port}`;
  const post = (headers: Record<string, string>): string => request("POST", "/v1/topics/notes/atoms", { host: ours, "content-type": "application/json", ...headers }, '{"a":1}');
  const cases: (readonly [string, string, number])[] = [
    ["its own page", post({ origin: `http://${ours}`, "sec-fetch-site": "same-origin" }), 200],
    ["a program", post({}), 200],
    ["another site", post({ origin: "https://evil.example" }), 403],
    ["another port of this machine", post({ origin: "http://127.0.0.1:3000", "sec-fetch-site": "same-site" }), 403],
    ["a page without an origin", post({ origin: "null" }), 403],
    ["an origin that begins like ours", post({ origin: `http://${ours}.evil.example` }), 403],
    ["a name that was made to point here", request("GET", "/v1/topics", { host: `evil.example:${port}` }), 421],
    ["such a name for a change", post({ host: "evil.example", origin: "http://evil.example" }), 421],
    ["another address", request("GET", "/v1/topics", { host: "10.0.0.1" }), 421],
    ["no name", request("GET", "/v1/topics", { host: "" }), 421],
    ["a name with a user", request("GET", "/v1/topics", { host: "127.0.0.1@evil.example" }), 421],
    ["a script tag of another page", request("GET", "/v1/topics", { host: ours, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }), 403],
    ["a form of another page", post({ "content-type": "text/plain", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }), 403],
    ["a form without any of that", post({ "content-type": "text/plain" }), 415],
    ["a form's own type", post({ "content-type": "application/x-www-form-urlencoded" }), 415],
    ["a preflight", request("OPTIONS", "/v1/topics/notes/atoms", { host: ours, origin: "https://evil.example", "access-control-request-method": "POST" }), 403],
    ["a link to it", request("GET", "/v1/topics", { host: ours, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }), 200],
    ["localhost", request("GET", "/v1/topics", { host: `localhost:${port}` }), 200],
  ];
  for (const [who, text, status] of cases) {
    const answer = await raw(port, text);
    assert.equal(answer.status, status, `${who}: ${answer.text}`);
    assert.doesNotMatch(answer.text, /access-control-allow/i);
  }
});

test("with a token, nothing but health and the page is told without it", async (t) => {
  const { call } = await serve(t, { server: { token: TOKEN } });
  const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
  for (const path of ["/v1/topics", "/metrics", "/openapi.json", "/v1/metrics/events"]) {
    const refused = await call(path);
    assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, 'Bearer realm="millrace"'], path);
    for (const token of ["", "x", `${TOKEN}x`, TOKEN.slice(1)]) assert.equal((await call(path, bearer(token))).status, 401);
    const taken = await call(path, bearer(TOKEN));
    assert.equal(taken.status, 200);
    await taken.body?.cancel();
  }
  assert.equal((await call("/v1/topics", { headers: { authorization: `Basic ${TOKEN}` } })).status, 401);
  for (const path of ["/healthz", "/readyz"]) assert.equal((await call(path)).status, 200);
});

test("beyond the loopback a token is needed, and then any address is a name, and no other", async (t) => {
  const app = {} as Parameters<typeof startServer>[0];
  await assert.rejects(startServer(app, { host: "0.0.0.0", port: 0 }), { code: "MILLRACE_USAGE", message: /needs a token/ });
  await assert.rejects(startServer(app, { host: "0.0.0.0", port: 0, token: "short" }), { code: "MILLRACE_USAGE" });
  const { server } = await serve(t, { server: { host: "0.0.0.0", token: TOKEN, names: ["City.example"] } });
  const ask = (host: string): Promise<number> => raw(server.port, request("GET", "/v1/topics", { host, authorization: `bearer ${TOKEN}` })).then(({ status }) => status);
  assert.deepEqual(await Promise.all(["10.0.0.1:7070", "[::1]:7070", "city.example", "evil.example"].map(ask)), [200, 200, 200, 421]);
});

test("an address that is taken is told", async (t) => {
  const { server } = await serve(t);
  await assert.rejects(serve(t, { server: { port: server.port } }), { code: "MILLRACE_IO", message: /take another --port/ });
});
