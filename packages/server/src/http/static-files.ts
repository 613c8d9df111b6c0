import { readdirSync, readFileSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { MillraceError } from "@millrace/core";
import { etagOf, matches } from "./respond.ts";

interface StaticFile {
  readonly path: string;
  readonly type: string;
  /** Whether its name changes with its content. */
  readonly hashed: boolean;
  content: { readonly bytes: Buffer; readonly etag: string } | undefined;
}

/**
 * The files of a built page. The folder is listed once, and only what was listed is ever read: a path
 * of a request is compared with names, never joined to a folder. Throws MILLRACE_NOT_FOUND where there
 * is no index.html.
 */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();
  readonly #index: StaticFile;

  constructor(folder: string) {
    this.#list(folder, "");
    const index = this.#files.get("/index.html");
    if (index === undefined) throw new MillraceError("MILLRACE_NOT_FOUND", `folder ${folder}`, "has no index.html, so it is no built page; build the console first");
    this.#index = index;
  }

  /** Answers with a file, or with the page for an address of it; false where the request asks for neither. */
  serve(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (request.method !== "GET" && request.method !== "HEAD") return false;
    const file = this.#files.get(path) ?? (isPage(request, path) ? this.#index : undefined);
    if (file === undefined) return false;
    const { bytes, etag } = (file.content ??= read(file.path));
    response.setHeader("content-security-policy", PAGE_POLICY);
    response.setHeader("cache-control", file.hashed ? "public, max-age=31536000, immutable" : "no-cache");
    response.setHeader("etag", etag);
    if (matches(request.headers["if-none-match"], etag)) {
      response.writeHead(304).end();
      return true;
    }
    response.writeHead(200, { "content-type": file.type, "content-length": bytes.length });
    response.end(request.method === "HEAD" ? undefined : bytes);
    return true;
  }

  #list(folder: string, prefix: string): void {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = `${prefix}/${entry.name}`;
      if (entry.isDirectory()) this.#list(path, name);
      else if (entry.isFile() && !entry.name.startsWith(".") && statSync(path).size <= LARGEST) {
        this.#files.set(name, { path, type: TYPES[extname(name).toLowerCase()] ?? "application/octet-stream", hashed: HASHED.test(name), content: undefined });
      }
    }
  }
}

/** The page loads nothing from elsewhere but pictures of maps, and is framed by nobody. Its styles are set by its components. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const LARGEST = 64 * 1024 * 1024;
/** As bundlers name them: name-HASH.js. */
const HASHED = /-[A-Za-z0-9_-]{8,}\.\w+$/;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** An address of the page itself: what a person opens, not a file that is missing. */
function isPage(request: IncomingMessage, path: string): boolean {
  if (path === "/") return true;
  return extname(path) === "" && (request.headers.accept ?? "").includes("text/html");
}

function read(path: string): { readonly bytes: Buffer; readonly etag: string } {
  const bytes = readFileSync(path);
  return { bytes, etag: etagOf(bytes) };
}
