import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";

export type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

/** What a route makes of a request: a JSON body, text, or nothing; or it has taken the response over. */
export type Reply =
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly text: string; readonly type: string; readonly headers?: Readonly<Record<string, string>> }
  | "taken";

/** A request as a handler sees it, with its parts validated. */
export interface Call<Params, Query> {
  readonly params: Params;
  readonly query: Query;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client is gone or the server closes. */
  readonly gone: AbortSignal;
}

/** What a response of a status holds. */
export interface Answer {
  readonly description: string;
  /** Default application/json with a schema, else none. */
  readonly type?: string;
  readonly schema?: z.ZodType;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One media type that a request's body may have. */
export interface Accepted {
  readonly type: string;
  readonly description: string;
  readonly schema?: z.ZodType;
}

/** One operation of the API: what /openapi.json says of it, what is validated, and what is done. */
export interface Route {
  readonly method: Method;
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Headers that it reads, with what they mean. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Accepted[];
  /** Whether the body may be left out. Default false. */
  readonly bodyOptional?: boolean;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Whether it needs no token. */
  readonly open?: boolean;
  readonly handle: (call: Call<Record<string, unknown>, Record<string, unknown>>) => Reply | Promise<Reply>;
}

interface TypedRoute<Params extends z.ZodObject, Query extends z.ZodObject> extends Omit<Route, "params" | "query" | "handle"> {
  readonly params?: Params;
  readonly query?: Query;
  readonly handle: (call: Call<z.output<Params>, z.output<Query>>) => Reply | Promise<Reply>;
}

/** Declares an operation; its handler gets params and query as their schemas give them. */
export function route<Params extends z.ZodObject = z.ZodObject, Query extends z.ZodObject = z.ZodObject>(typed: TypedRoute<Params, Query>): Route {
  return typed as unknown as Route;
}
