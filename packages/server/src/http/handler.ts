import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { Log, Span, Tracer } from "../telemetry.ts";
import type { Guard } from "./guard.ts";
import { problemOf, RequestProblem } from "./problem.ts";
import { respond, SECURITY_HEADERS } from "./respond.ts";
import type { Route } from "./route.ts";
import type { Router } from "./router.ts";
import type { StaticFiles } from "./static-files.ts";
import { parseTarget, type Target } from "./target.ts";

export interface HandlerOptions {
  readonly guard: Guard;
  readonly router: Router;
  /** Files of the page. */
  readonly page: StaticFiles | undefined;
  readonly log: Log;
  readonly tracer: Tracer;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** Answers requests: checks who asks, finds the operation, validates, and tells what became of it. */
export class Handler {
  readonly #options: HandlerOptions;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /** Never rejects: what goes wrong is answered. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    let operation = "none";
    let span: Span | undefined;
    let failure: unknown;
    try {
      this.#options.guard.checkOrigin(request);
      const target = parseTarget(request.url);
      const route = this.#route(request, response, target);
      if (route === undefined) return;
      operation = route.route.id;
      span = this.#options.tracer.request(`${request.method} ${route.route.path}`, request.headers);
      if (route.route.open !== true) this.#options.guard.checkToken(request);
      await this.#call(request, response, target, route);
    } catch (error) {
      failure = error;
      this.#refuse(request, response, error);
    } finally {
      span?.set("http.response.status_code", response.statusCode);
      if (failure !== undefined && response.statusCode >= 500) span?.fail(failure);
      span?.end();
      this.#note(request, response, { operation, milliseconds: performance.now() - began, failure });
    }
  }

  /** Undefined where a file of the page was the answer. */
  #route(request: IncomingMessage, response: ServerResponse, { path, segments }: Target): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined {
    const match = this.#options.router.match(request.method ?? "", segments);
    if (match.kind === "found") return match;
    if (match.kind === "method") {
      const allow = match.allowed.join(", ");
      throw new RequestProblem(405, "MILLRACE_USAGE", `method ${request.method}`, `is not possible here; ${allow} is`, { headers: { allow } });
    }
    if (segments[0] !== "v1" && this.#options.page?.serve(request, response, path) === true) return undefined;
    throw new RequestProblem(404, "MILLRACE_NOT_FOUND", `path ${path.slice(0, 200)}`, "there is nothing here; /openapi.json says what there is");
  }

  async #call(request: IncomingMessage, response: ServerResponse, target: Target, { route, params }: { readonly route: Route; readonly params: object }): Promise<void> {
    const gone = new AbortController();
    const leave = (): void => gone.abort(GONE);
    response.on("close", leave);
    this.#options.closing.addEventListener("abort", leave, { once: true });
    response.on("close", () => this.#options.closing.removeEventListener("abort", leave));
    const call = {
      params: validated(route.params, params, "path"),
      query: validated(route.query?.strict(), target.query, "query"),
      request,
      response,
      gone: gone.signal,
    };
    const reply = await route.handle(call);
    if (reply === "taken") {
      gone.signal.addEventListener("abort", () => response.end(), { once: true });
      return;
    }
    if (!response.headersSent && !response.destroyed) respond(request, response, reply);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { body, headers } = problemOf(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // A body that nobody reads must not be taken for the next request.
    const unread = !request.complete ? { connection: "close" } : {};
    respond(request, response, { status: body.status, text: JSON.stringify(body), type: "application/problem+json", headers: { ...headers, ...unread } });
  }

  #note(request: IncomingMessage, response: ServerResponse, { operation, milliseconds, failure }: { readonly operation: string; readonly milliseconds: number; readonly failure: unknown }): void {
    const status = response.statusCode;
    const fields = { method: request.method, operation, status, milliseconds: Math.round(milliseconds * 10) / 10 };
    if (failure === undefined) this.#options.log.info(fields, "request");
    else if (status < 500) this.#options.log.warn({ ...fields, reason: problemOf(failure).body.detail }, "request refused");
    else this.#options.log.error({ ...fields, error: failure }, "request failed");
  }
}

/** Why a call is aborted: made once, since an error with a stack for each request costs more than routing it. */
const GONE = "the client is gone, or the server closes";

/** What the schema makes of the parts. Throws 400, naming each that is wrong. */
function validated(schema: z.ZodObject | undefined, parts: object, place: "path" | "query"): Record<string, unknown> {
  if (schema === undefined) return {};
  const result = schema.safeParse(parts);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`));
  throw new RequestProblem(400, "MILLRACE_USAGE", place, `${issues.slice(0, 5).join("; ")}; /openapi.json says what it takes`);
}
