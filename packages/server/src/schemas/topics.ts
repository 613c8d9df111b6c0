import { z } from "zod";
import { count, cursor, limit, malformedAtom, next, time, value } from "./common.ts";

export const topicState = z.object({
  name: z.string(),
  /** Whether atoms can be appended: not where a workflow reads it from files or a generator. */
  appendable: z.boolean(),
  /** Workflows. */
  readBy: z.array(z.string()),
  writtenBy: z.array(z.string()),
  partitions: z.array(
    z.object({
      partition: count,
      /** First offset that retention has kept. */
      start: count,
      /** Offset that the next atom will get. */
      end: count,
    }),
  ),
});

export const topicList = z.object({ items: z.array(topicState) });

export const atom = z.object({ partition: count, offset: count, /** Event time, or else when it was appended, epoch ms. */ time, value });

export const atomPage = z.object({ items: z.array(atom), /** Where to go on, also at the topic's end. */ next });

export const atomQuery = z.object({
  partition: z.coerce.number().int().min(0).max(255).default(0),
  from: z.union([z.enum(["start", "end"]), z.coerce.number().int().min(0)]).default("start").describe('An offset; or "start", the oldest that is kept, or "end", where the next one will be.'),
  limit: limit(10_000, 100),
  cursor: cursor.describe("`next` of the answer before, in place of `partition` and `from`."),
});

export const tailQuery = z.object({
  from: z.enum(["start", "end"]).default("end").describe('Where to begin in every partition, unless Last-Event-ID says it; "end": what comes from now on.'),
});

export const ingestQuery = z.object({
  malformed: z
    .enum(["keep", "refuse"])
    .default("keep")
    .describe('What becomes of the request when some atoms are malformed. "keep": the good ones are appended, the others go to the topic\'s dead letters. "refuse": nothing is appended.'),
});

export const ingested = z.object({
  /** Atoms that are durable now. */
  appended: count,
  /** Atoms that were durable before: repeats of a request or of an event. */
  duplicates: count,
  /** How many were malformed; they lie in the topic's dead letters. */
  refused: count,
  /** The first 100 of them. */
  malformed: z.array(malformedAtom),
});
