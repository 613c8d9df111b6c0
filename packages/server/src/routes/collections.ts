import { jsonText } from "@millrace/core/internal";
import { MillraceError, type Key } from "@millrace/core";
import { z } from "zod";
import { etagOf } from "../http/respond.ts";
import { route, type Route } from "../http/route.ts";
import { keysOf, keyText } from "../rows/key-text.ts";
import { rowPage } from "../rows/row-page.ts";
import { collectionList, collectionState, row, rowPage as rowPageSchema, rowQuery } from "../schemas/collections.ts";
import { keyText as keySchema, name } from "../schemas/common.ts";
import { EventStream } from "../sse/event-stream.ts";
import { RowFeed } from "../sse/row-feed.ts";
import { badRequest, events, json, notFound } from "./answers.ts";
import type { RouteContext } from "./context.ts";

const params = z.object({ collection: name });
const rowParams = z.object({ collection: name, key: keySchema });

export function collectionRoutes({ app: { collections }, events: stream }: RouteContext): Route[] {
  const feeds = new Map<string, RowFeed>();
  return [
    route({
      method: "GET",
      path: "/v1/collections",
      id: "listCollections",
      tag: "collections",
      summary: "The collections with their numbers of rows.",
      answers: { 200: json("All of them, by name.", collectionList) },
      handle: () => ({ status: 200, json: { items: collections.list() } }),
    }),
    route({
      method: "GET",
      path: "/v1/collections/{collection}",
      id: "getCollection",
      tag: "collections",
      summary: "A collection and its number of rows.",
      params,
      answers: { 200: json("The collection.", collectionState), ...notFound },
      handle: ({ params: { collection } }) => ({ status: 200, json: collections.state(collection) }),
    }),
    route({
      method: "GET",
      path: "/v1/collections/{collection}/rows",
      id: "queryCollection",
      tag: "collections",
      summary: "Rows of a collection, by key or by a field, filtered.",
      params,
      query: rowQuery,
      answers: { 200: json("Rows, and where to go on.", rowPageSchema), ...badRequest, ...notFound },
      handle: ({ params: { collection }, query }) => ({ status: 200, json: rowPage(collections.rows(collection), query) }),
    }),
    route({
      method: "GET",
      path: "/v1/collections/{collection}/rows/{key}",
      id: "getRow",
      tag: "collections",
      summary: "The row of a key.",
      params: rowParams,
      answers: { 200: json("The row.", row, { ETag: "Of the row as it is now: for If-Match and If-None-Match." }), ...notFound },
      handle: ({ params: { collection, key } }) => {
        const found = keysOf(key).map((one) => ({ key: one, row: collections.get(collection, one) })).find((one) => one.row !== undefined);
        if (found === undefined) throw noRow(collection, key);
        return { status: 200, json: { key: keyText(found.key), row: found.row }, headers: { etag: etagOf(jsonText(found.row)) } };
      },
    }),
    route({
      method: "GET",
      path: "/v1/collections/{collection}/changes",
      id: "followCollection",
      tag: "collections",
      summary: "The rows of a collection and each change of them, as server-sent events.",
      params,
      answers: {
        200: events("First an event `snapshot`, then events `changes`; the data of each is { changes } with keys and rows, null for a row that is gone. A slow client gets the latest row of each key."),
        ...notFound,
      },
      handle: ({ params: { collection }, response, gone }) => {
        collections.state(collection);
        let feed = feeds.get(collection);
        if (feed === undefined) feeds.set(collection, (feed = new RowFeed(collections, collection)));
        const leave = feed.join(new EventStream(response, stream));
        gone.addEventListener("abort", leave, { once: true });
        return "taken";
      },
    }),
  ];
}

function noRow(collection: string, key: Key): MillraceError {
  return new MillraceError("MILLRACE_NOT_FOUND", `collection ${collection}`, `has no row with the key ${String(key)}; text that looks like JSON is written in quotes: "17"`);
}
