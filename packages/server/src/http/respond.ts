import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { jsonText } from "@millrace/core/internal";
import type { Reply } from "./route.ts";

/** On every answer: nothing is guessed, framed, cached by others or told to other sites. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** Data is no page: nothing of it may run or be framed. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Writes an answer. A GET whose ETag the client has is answered 304 without its body. */
export function respond(request: IncomingMessage, response: ServerResponse, reply: Exclude<Reply, "taken">): void {
  const text = "text" in reply ? reply.text : reply.json === undefined ? undefined : jsonText(reply.json);
  const type = "text" in reply ? reply.type : "application/json";
  response.statusCode = reply.status;
  response.setHeader("content-security-policy", DATA_POLICY);
  response.setHeader("cache-control", "no-store");
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (text === undefined) {
    if (reply.status !== 204 && reply.status !== 304) response.setHeader("content-length", 0);
    response.end();
    return;
  }
  const etag = response.getHeader("etag");
  const reads = request.method === "GET" || request.method === "HEAD";
  if (typeof etag === "string" && reads && reply.status === 200 && matches(request.headers["if-none-match"], etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader("content-type", type);
  response.setHeader("content-length", Buffer.byteLength(text));
  response.end(request.method === "HEAD" ? undefined : text);
}

/** The strong ETag of a text. */
export function etagOf(text: string | Buffer): string {
  return `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
}

/** Whether a list of If-Match or If-None-Match names an ETag. */
export function matches(list: string | undefined, etag: string): boolean {
  if (list === undefined) return false;
  return list.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
}
