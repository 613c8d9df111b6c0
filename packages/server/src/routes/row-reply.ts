import { MillraceError, type Key } from "@millrace/core";
import { jsonText } from "@millrace/core/internal";
import { etagOf } from "../http/respond.ts";
import type { Reply } from "../http/route.ts";
import type { CollectionsPort } from "../port.ts";
import { keyText } from "../rows/key-text.ts";

/** The row of a key as it is now. */
export function rowReply(collections: CollectionsPort, collection: string, key: Key): Reply {
  const found = collections.get(collection, key);
  if (found === undefined) throw noRow(collection, keyText(key));
  return { status: 200, json: { key: keyText(key), row: found }, headers: { etag: etagOf(jsonText(found)) } };
}

/** Says that there is no row of a key. */
export function noRow(collection: string, key: string): MillraceError {
  return new MillraceError("MILLRACE_NOT_FOUND", `collection ${collection}`, `has no row with the key ${key}; text that looks like JSON is written in quotes: "17"`);
}
