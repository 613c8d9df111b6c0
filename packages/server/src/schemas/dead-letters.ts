import { z } from "zod";
import { count, cursor, limit, next, time, value } from "./common.ts";

export const deadTopic = z.object({
  topic: z.string(),
  letters: count,
  /** Of these, how many were appended to the topic again. */
  replayed: count,
});

export const deadTopicList = z.object({ items: z.array(deadTopic) });

export const deadLetter = z.object({
  /** Its offset among the dead letters of the topic. */
  number: count,
  replayed: z.boolean(),
  reason: z.string(),
  /** Where it was: a line, an offset, a request. */
  position: z.string().optional(),
  /** What could not be read. */
  raw: z.string().optional(),
  /** The operator that failed on it. */
  operator: z.string().optional(),
  stack: z.string().optional(),
  /** What a function failed on. */
  value: value.optional(),
  time: time.optional(),
});

export const deadLetterPage = z.object({ items: z.array(deadLetter), next });
export const deadLetterQuery = z.object({ limit: limit(1000, 100), cursor });

export const replayed = z.object({
  replayed: count,
  /** Those that had been replayed before. */
  before: count,
  /** Numbers that were asked for and no letter has. */
  unknown: z.array(count),
  /** Those that still cannot be read. */
  refused: z.array(z.object({ number: count, reason: z.string() })),
});

/** Which letters to replay. */
export const replayRequest = z.strictObject({ /** Default: all. */ numbers: z.array(count).max(100_000).optional() });
