import { z } from "zod";
import { route, type Route } from "../http/route.ts";
import { keysOf } from "../rows/key-text.ts";
import { rowPage } from "../rows/row-page.ts";
import { changesQuery, collectionList, collectionState, row, rowPage as rowPageSchema, rowQuery } from "../schemas/collections.ts";
import { keyText as keySchema, name } from "../schemas/common.ts";
import { EventStream } from "../sse/event-stream.ts";
import { RowFeed } from "../sse/row-feed.ts";
import { SharedStream } from "../sse/shared-stream.ts";
import { badRequest, events, json, notFound } from "./answers.ts";
import type { RouteContext } from "./context.ts";
import { noRow, rowReply } from "./row-reply.ts";

const params = z.object({ collection: name });
const rowParams = z.object({ collection: name, key: keySchema });

export function collectionRoutes({ app: { collections }, events: stream }: RouteContext): Route[] {
  const feeds = new Map<string, RowFeed>();
  const feedOf = (collection: string): RowFeed => {
    collections.state(collection);
    let feed = feeds.get(collection);
    if (feed === undefined) feeds.set(collection, (feed = new RowFeed(collections, collection)));
    return feed;
  };
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
        collections.state(collection);
        const found = keysOf(key).find((one) => collections.get(collection, one) !== undefined);
        if (found === undefined) throw noRow(collection, key);
        return rowReply(collections, collection, found);
      },
    }),
    route({
      method: "GET",
      path: "/v1/collections/{collection}/changes",
      id: "followCollection",
      tag: "collections",
      summary: "The rows of a collection and each change of them, as server-sent events.",
      params,
      headers: { "Last-Event-ID": "The id of the last event that was seen, a version: what has changed since comes first." },
      answers: {
        200: events(
          "First an event `snapshot`, in place of whatever the client had, then events `changes`; the data of each is { changes } with keys and rows, null for a row that is gone. " +
            "With Last-Event-ID there is no snapshot, unless the change log goes back less far. A slow client gets the latest row of each key.",
        ),
        ...notFound,
      },
      handle: ({ params: { collection }, request, response, gone }) => {
        const feed = feedOf(collection);
        const last = String(request.headers["last-event-id"] ?? "");
        const leave = feed.join(new EventStream(response, stream), /^\d{1,15}$/.test(last) ? Number(last) : undefined);
        gone.addEventListener("abort", leave, { once: true });
        return "taken";
      },
    }),
    route({
      method: "GET",
      path: "/v1/changes",
      id: "followCollections",
      tag: "collections",
      summary: "The rows of several collections and each change of them, over one connection.",
      query: changesQuery,
      headers: { "Last-Event-ID": "The id of the last event that was seen: what has changed since comes first." },
      answers: {
        200: events("As for one collection; the data of each event names its collection beside: { collection, changes }."),
        ...badRequest,
        ...notFound,
      },
      handle: ({ query, request, response, gone }) => {
        const names = [...new Set([query.collection].flat())];
        const followed = names.map((collection) => [collection, feedOf(collection)] as const);
        const shared = new SharedStream(new EventStream(response, stream), String(request.headers["last-event-id"] ?? ""));
        const leaves = followed.map(([collection, feed]) => feed.join(shared.part(collection), shared.after(collection)));
        gone.addEventListener("abort", () => leaves.forEach((leave) => leave()), { once: true });
        return "taken";
      },
    }),
  ];
}
