import { z } from "zod";
import { count, cursor, keyText, limit, next, value } from "./common.ts";

export const collectionState = z.object({ name: z.string(), rows: count, /** How many changes were made to it. */ version: count, /** Workflows. */ writtenBy: z.array(z.string()) });
export const collectionList = z.object({ items: z.array(collectionState) });

export const row = z.object({ key: keyText, row: value });
export const rowPage = z.object({ items: z.array(row), next });

const key = z.string().max(1024).optional();

export const rowQuery = z.object({
  prefix: key.describe("Only keys that are strings and begin so."),
  from: key.describe("Only keys from this one on. Keys have one order: null, false, true, numbers, bigints, strings by code point, tuples."),
  to: key.describe("Only keys before this one."),
  order: z.string().min(1).max(256).optional().describe("A field, `field.inner`, or `-field` for the largest first. Default: by key."),
  where: z.union([z.string().max(1024), z.array(z.string().max(1024)).max(16)]).optional().describe("`field=value`, `field!=value`, `field>value`, and so on with >=, <, <=; a value is JSON, else text. Repeated: all must hold."),
  limit: limit(10_000, 100),
  cursor,
});

/** What a subscriber gets: rows as they are now; null: the row is gone. */
export const changes = z.object({ changes: z.array(z.object({ key: keyText, row: value.nullable() })) });

export const changesQuery = z.object({
  /** A collection's name; repeated for each. */
  collection: z.union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).min(1).max(100)]),
});

/** The same of one of several collections. */
export const namedChanges = z.object({ collection: z.string(), ...changes.shape });

export const edits = z.object({
  edits: z.array(z.union([z.strictObject({ put: value }), z.strictObject({ delete: keyText })])).max(100_000),
});

export const edited = z.object({ /** How many changes were made to the collection, these among them. */ version: count });
