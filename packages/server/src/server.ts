import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { MillraceError } from "@millrace/core";
import { BODY_LIMITS, BodyRoom, type BodyLimits } from "./http/body.ts";
import { Connections } from "./http/connections.ts";
import { Guard } from "./http/guard.ts";
import { Handler } from "./http/handler.ts";
import { problemOf, RequestProblem } from "./http/problem.ts";
import { Router } from "./http/router.ts";
import { StaticFiles } from "./http/static-files.ts";
import { HttpIngest } from "./ingest/ingest.ts";
import type { ServedApp } from "./port.ts";
import { allRoutes } from "./routes/routes.ts";
import { EVENT_STREAM, type EventStreamOptions } from "./sse/event-stream.ts";
import { silentLog, silentTracer, type Log, type Tracer } from "./telemetry.ts";

export interface ServerOptions {
  /** Default 127.0.0.1: only this machine reaches it. Any other address needs a token. */
  readonly host?: string;
  /** Default 7070; 0: any that is free. */
  readonly port?: number;
  /** What clients send as `Authorization: Bearer TOKEN`; at least 16 characters. Default: none is asked for. */
  readonly token?: string;
  /** Names under which the server is reached, beside its address and localhost. */
  readonly names?: readonly string[];
  /** Folder of the built page, served under /. Default: no page. */
  readonly page?: string;
  readonly limits?: Partial<BodyLimits>;
  /** How long a request may take to arrive as a whole, ms. Default 30 s. */
  readonly requestTimeout?: number;
  readonly events?: Partial<EventStreamOptions>;
  readonly log?: Log;
  readonly tracer?: Tracer;
  /** Of Millrace, as /openapi.json tells it. */
  readonly version?: string;
}

export interface RunningServer {
  /** Where it is reached, such as http://127.0.0.1:7070. */
  readonly url: string;
  readonly port: number;
  /** Ends streams, waits for requests that are under way, and closes. */
  close(): Promise<void>;
}

/** Serves an app over HTTP. Throws MILLRACE_USAGE where a token is missing, and MILLRACE_IO where it cannot listen. */
export async function startServer(app: ServedApp, options: ServerOptions = {}): Promise<RunningServer> {
  const { host = "127.0.0.1", port = 7070, token, names = [], log = silentLog, tracer = silentTracer } = options;
  const guard = new Guard({ host, names, token });
  const room = new BodyRoom({ ...BODY_LIMITS, ...options.limits });
  const ingest = new HttpIngest(app.topics, room);
  const routes = allRoutes({ app, ingest, room, events: { ...EVENT_STREAM, ...options.events } }, options.version ?? "0");
  const closing = new AbortController();
  const page = options.page === undefined ? undefined : new StaticFiles(options.page);
  const handler = new Handler({ guard, router: new Router(routes), page, log, tracer, closing: closing.signal });
  const { requestTimeout = 30_000 } = options;
  const server = createServer({
    requestTimeout,
    headersTimeout: Math.min(requestTimeout, 10_000),
    connectionsCheckingInterval: Math.min(1000, requestTimeout),
    keepAliveTimeout: 30_000,
    maxHeaderSize: 16 * 1024,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const connections = new Connections(server);
  server.on("request", (request, response) => void handler.handle(request, response));
  server.on("clientError", refuseConnection);
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () => close(server, connections, closing),
  };
}

const MOST_CONNECTIONS = 10_000;
/** How long requests that are under way may take when the server closes, ms. */
const LAST_REQUESTS = 3000;

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const remedy = error.code === "EADDRINUSE" ? "something listens there already; take another --port" : error.message;
      reject(new MillraceError("MILLRACE_IO", `address ${host}:${port}`, remedy, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

async function close(server: Server, connections: Connections, closing: AbortController): Promise<void> {
  closing.abort();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.close();
  const late = setTimeout(() => server.closeAllConnections(), LAST_REQUESTS);
  await closed;
  clearTimeout(late);
}

/** What cannot be read as a request, or takes too long to arrive, is told so and cut off. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = REFUSALS[error.code ?? ""] ?? [400, "is no HTTP request"];
  const { body } = problemOf(new RequestProblem(status, "MILLRACE_USAGE", "request", message));
  const text = JSON.stringify(body);
  socket.end(`HTTP/1.1 ${status} ${body.title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`);
}

const REFUSALS: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "took too long to arrive; send it faster, or in several requests"],
  HPE_HEADER_OVERFLOW: [431, "has too many or too long headers"],
};
