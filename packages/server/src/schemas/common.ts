import { z } from "zod";

/** An atom of an ingest request that was refused. */
export const malformedAtom = z.object({
  /** In NDJSON: its line, from 1. */
  line: z.int().min(1).optional(),
  /** In an array of JSON or CloudEvents: its place, from 0. */
  index: z.int().min(0).optional(),
  reason: z.string(),
});

/** RFC 9457 problem details: what is answered in place of a result. */
export const problem = z.object({
  /** The problem is told by `code`; its type says no more than the status. */
  type: z.literal("about:blank"),
  /** The status in words. */
  title: z.string(),
  status: z.int().min(400).max(599),
  /** What is wrong with which thing, and what to do. */
  detail: z.string(),
  /** One of Millrace's codes. */
  code: z.string().regex(/^MILLRACE_[A-Z_]+$/),
  /** Which component and thing it is about, as "component thing". */
  subject: z.string(),
  /** Whether trying the same again can succeed. */
  retryable: z.boolean(),
  /** Atoms of an ingest request that were refused. */
  malformed: z.array(malformedAtom).optional(),
});

/** A value of a user's: any JSON. */
export const value = z.unknown();

/**
 * A key as text: a string itself, any other key as JSON (`17`, `["a",1]`), and a string that reads as
 * JSON in quotes (`"17"`). So it stands in addresses.
 */
export const keyText = z.string();

/** A name of a topic, collection, workflow or stage in an address. */
export const name = z.string().min(1).max(256);

/** How many items at most, in one answer. */
export function limit(most: number, otherwise: number): z.ZodDefault<z.ZodCoercedNumber> {
  return z.coerce.number().int().min(1).max(most).default(otherwise);
}

/** Where a list goes on: `next` of the answer before. */
export const cursor = z.string().max(4096).optional();
/** Where the list goes on: absent at its end. */
export const next = z.string().optional();
/** Epoch milliseconds. */
export const time = z.number();
export const count = z.int().min(0);
