import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { MillraceError } from "@millrace/core";
import { RequestProblem } from "./problem.ts";

export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Names beside those of the loopback and `host` that a request's Host may have. */
  readonly names: readonly string[];
  /** Without one, anybody who reaches the address may do everything; needed beyond the loopback. */
  readonly token: string | undefined;
}

/**
 * Decides who may ask. No page of another origin may read or change anything through a browser: its
 * requests carry an Origin that is not ours, and where it had our address by a name of its own (DNS
 * rebinding), a Host that is not ours.
 */
export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #token: Buffer | undefined;

  /** Throws MILLRACE_USAGE for an address beyond the loopback without a token. */
  constructor({ host, names, token }: GuardOptions) {
    if (token === undefined && !isLoopback(host)) {
      throw new MillraceError("MILLRACE_USAGE", `host ${host}`, "others can reach it, so it needs a token: at least 16 characters, which clients send as Authorization: Bearer TOKEN");
    }
    if (token !== undefined && token.length < SHORTEST_TOKEN) {
      throw new MillraceError("MILLRACE_USAGE", "token", `has ${token.length} characters; give at least ${SHORTEST_TOKEN} that nobody can guess`);
    }
    this.#names = new Set(["localhost", host.toLowerCase(), ...names.map((name) => name.toLowerCase())]);
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** Throws 421 for a Host and 403 for an Origin that are not this server's. */
  checkOrigin(request: IncomingMessage): void {
    const { host = "", origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = request.headers;
    const name = hostName(host);
    // An address needs no look-up that could be made to lie; without a token only loopback addresses are ours.
    const ours = name !== undefined && (this.#names.has(name) || (isIP(name) !== 0 && (this.#token !== undefined || isLoopback(name))));
    if (!ours) {
      throw new RequestProblem(421, "MILLRACE_DENIED", `host ${JSON.stringify(host.slice(0, 100))}`, "is no name of this server; ask it by its address, or start it with the name allowed");
    }
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) throw foreign(`origin ${JSON.stringify(origin.slice(0, 100))}`);
    // Of a link to the page, that is navigation, a browser sends no Origin; it reads nothing and changes nothing.
    const navigation = mode === "navigate" && (request.method === "GET" || request.method === "HEAD");
    if ((site === "cross-site" || site === "same-site") && !navigation) throw foreign(`a ${site} request`);
  }

  /** Throws 401 where the request lacks the token. */
  checkToken(request: IncomingMessage): void {
    if (this.#token === undefined) return;
    const [, given] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (given !== undefined && timingSafeEqual(digest(given), this.#token)) return;
    throw new RequestProblem(401, "MILLRACE_DENIED", "request", "needs the server's token: send Authorization: Bearer TOKEN", { headers: { "www-authenticate": 'Bearer realm="millrace"' } });
  }
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

const SHORTEST_TOKEN = 16;

/** Of equal length, so that comparing tells nothing of the token. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** The name of a Host header without its port; undefined where it is none. */
function hostName(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^\s/\\@:]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

function foreign(subject: string): RequestProblem {
  return new RequestProblem(403, "MILLRACE_DENIED", subject, "a page of another origin may not use this server; open the server's own page, or call it from a program");
}
