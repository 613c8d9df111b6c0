import type { z } from "zod";
import type { Answer } from "../http/route.ts";
import { problem } from "../schemas/common.ts";

/** An answer whose body is JSON of a schema. */
export function json(description: string, schema: z.ZodType, headers: Readonly<Record<string, string>> = {}): Answer {
  return { description, schema, headers };
}

/** A stream of server-sent events. */
export function events(description: string): Answer {
  return { description, type: "text/event-stream" };
}

/** An answer that says why it is none (RFC 9457). */
export function refusal(description: string): Answer {
  return { description, type: "application/problem+json", schema: problem };
}

/** Where there is no such thing. */
export const notFound: Readonly<Record<404, Answer>> = { 404: refusal("There is nothing of this name.") };
/** Where a parameter is not what its schema says. */
export const badRequest: Readonly<Record<400, Answer>> = { 400: refusal("A parameter, or the body, is not what it must be.") };
