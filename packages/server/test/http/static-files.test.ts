import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { StaticFiles } from "../../src/http/static-files.ts";
import { parseTarget } from "../../src/http/target.ts";

test("the page's files are served, hashed ones for good, and nothing beside them", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-page-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "page/assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  symlinkSync(join(folder, "secret.txt"), join(folder, "page/link.txt"));
  writeFileSync(join(folder, "page/.hidden"), "hidden");
  writeFileSync(join(folder, "page/index.html"), "<!doctype html>page");
  writeFileSync(join(folder, "page/assets/index-Ab3dEf9h.js"), "script");
  const files = new StaticFiles(join(folder, "page"));
  const server = createServer((request, response) => {
    let path = "";
    try {
      ({ path } = parseTarget(request.url));
    } catch {
      response.writeHead(400).end();
      return;
    }
    if (!files.serve(request, response, path)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers });

  const script = await get("/assets/index-Ab3dEf9h.js");
  assert.deepEqual([await script.text(), script.headers.get("cache-control"), script.headers.get("content-type")], ["script", "public, max-age=31536000, immutable", "text/javascript; charset=utf-8"]);
  const page = await get("/");
  assert.deepEqual([await page.text(), page.headers.get("cache-control")], ["<!doctype html>page", "no-cache"]);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'self'/);
  assert.equal((await get("/", { "if-none-match": page.headers.get("etag") ?? "" })).status, 304);
  assert.equal(await (await get("/dashboards/city", { accept: "text/html,*/*" })).text(), "<!doctype html>page");
  for (const path of ["/dashboards/city", "/missing.js", "/.hidden", "/link.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%5c..%5csecret.txt", "/assets", "/__proto__", "/secret.txt%00.js"]) {
    const { status } = await get(path);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
  }
  assert.throws(() => new StaticFiles(join(folder, "page/assets")), { code: "MILLRACE_NOT_FOUND" });
});
