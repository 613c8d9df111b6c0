import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { millrace, temporaryFolder } from "../cli/support.ts";
import { freePort, numbersModule, startDev } from "./dev-process.ts";

const JSON_TYPE = { "content-type": "application/json" };

async function json(url: string, init?: RequestInit): Promise<unknown> {
  return (await fetch(url, init)).json();
}

test("dev serves workflows and page, goes on where it was, and reset empties its default folder", async (t) => {
  const cwd = temporaryFolder(t);
  const port = await freePort();
  const first = await startDev(t, ["--log", "info"], { port, cwd });
  assert.match(first.said(), /counting at http:\/\/127\.0\.0\.1:\d+\n.*state is kept in \.millrace; millrace reset empties it/);
  const page = await fetch(first.url, { headers: { accept: "text/html" } });
  assert.match(await page.text(), /<!doctype html>/i);
  assert.deepEqual(await json(`${first.url}/v1/topics/numbers/atoms`, { method: "POST", headers: JSON_TYPE, body: '[{"sender":"a","n":1},{"sender":"a","n":2}]' }), { appended: 2, duplicates: 0, refused: 0, malformed: [] });
  await json(`${first.url}/v1/collections/limits/rows/a`, { method: "PUT", headers: JSON_TYPE, body: '{"sender":"a","most":5}' });
  const logged = first.said().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as { msg: string; operation: string; status: number });
  assert.ok(logged.some(({ msg, operation, status }) => msg === "request" && operation === "appendAtoms" && status === 200));

  const locked = await millrace(["reset"], { cwd });
  assert.deepEqual([locked.code, /has it open/.test(locked.stderr)], [1, true], locked.stderr);
  const twin = await millrace(["dev", numbersModule, "--port", String(port), "--data", "other"], { cwd });
  assert.match(twin.stderr, /something listens there already; take another --port/);
  assert.equal(await first.end("SIGINT"), 130);

  const second = await startDev(t, ["--log", "silent"], { port, cwd });
  const { items } = (await json(`${second.url}/v1/collections/limits/rows`)) as { items: { row: unknown }[] };
  assert.deepEqual(items.map(({ row }) => row), [{ sender: "a", most: 5 }]);
  assert.equal(((await json(`${second.url}/v1/topics/numbers/atoms`)) as { items: unknown[] }).items.length, 2);
  await second.end("SIGTERM");

  assert.equal((await millrace(["reset"], { cwd })).code, 0);
  assert.deepEqual(readdirSync(join(cwd, ".millrace")), []);
  assert.match((await millrace(["reset"], { cwd })).stderr, /was empty already/);
});

test("another address than the loopback needs a token, and a token is asked for", async (t) => {
  const cwd = temporaryFolder(t);
  const refused = await millrace(["dev", numbersModule, "--host", "0.0.0.0", "--port", "0"], { cwd });
  assert.deepEqual([refused.code, /host 0\.0\.0\.0: others can reach it, so it needs a token/.test(refused.stderr)], [2, true], refused.stderr);
  const token = "0123456789abcdef";
  const running = await startDev(t, ["--host", "0.0.0.0"], { port: await freePort(), cwd, env: { MILLRACE_TOKEN: token } });
  assert.equal((await fetch(`${running.url}/v1/topics`)).status, 401);
  assert.equal((await fetch(`${running.url}/v1/topics`, { headers: { authorization: `Bearer ${token}` } })).status, 200);
  assert.doesNotMatch(running.said(), /0123456789abcdef/);
  await running.end("SIGINT");
});

test("reset leaves a folder alone that is none of Millrace's", async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, "mine"));
  writeFileSync(join(cwd, "mine/letter.txt"), "dear");
  const { code, stderr } = await millrace(["reset", "--data", "mine"], { cwd });
  assert.deepEqual([code, existsSync(join(cwd, "mine/letter.txt"))], [2, true]);
  assert.match(stderr, /is no data folder of Millrace, so nothing was removed/);
});
