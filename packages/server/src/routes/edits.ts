import type { Key } from "@millrace/core";
import { jsonText, type Edit } from "@millrace/core/internal";
import { z } from "zod";
import { readJson } from "../http/json-body.ts";
import { RequestProblem } from "../http/problem.ts";
import { etagOf, matches } from "../http/respond.ts";
import { route, type Reply, type Route } from "../http/route.ts";
import type { CollectionsPort } from "../port.ts";
import { keyOf, keysOf, keyText } from "../rows/key-text.ts";
import { mergePatch } from "../rows/merge-patch.ts";
import { edited, edits, row } from "../schemas/collections.ts";
import { keyText as keySchema, name } from "../schemas/common.ts";
import { badRequest, json, notFound, refusal } from "./answers.ts";
import type { RouteContext } from "./context.ts";
import { noRow, rowReply } from "./row-reply.ts";

const rowParams = z.object({ collection: name, key: keySchema });
const conditions = { "If-Match": "An ETag: the row is changed only while it is that one; * means that there is one.", "If-None-Match": "*: only while there is none." };
const refusals = { ...badRequest, ...notFound, 412: refusal("The row is not the one of If-Match, or there is one."), 415: refusal("The body is no JSON."), 422: refusal("The row does not match the collection's schema.") };

/** What changes collections from outside. */
export function editRoutes({ app: { collections }, room }: RouteContext): Route[] {
  return [
    route({
      method: "PUT",
      path: "/v1/collections/{collection}/rows/{key}",
      id: "putRow",
      tag: "collections",
      summary: "Puts a row in the place of the one with its key; durable when it is answered.",
      params: rowParams,
      headers: conditions,
      body: [{ type: "application/json", description: "The row; its key must be that of the address." }],
      answers: { 200: json("The row as it is now.", row, { ETag: "Of the row." }), ...refusals },
      handle: async ({ params: { collection, key }, request }): Promise<Reply> => {
        const given = await readJson(request, room);
        const own = ownKey(collections, { collection, key, given });
        await collections.edit(collection, [{ put: given }], { check: conditionOf(request.headers, keyText(own)) });
        return rowReply(collections, collection, own);
      },
    }),
    route({
      method: "PATCH",
      path: "/v1/collections/{collection}/rows/{key}",
      id: "patchRow",
      tag: "collections",
      summary: "Gives fields of a row new values (JSON Merge Patch, RFC 7396: null takes a field away).",
      params: rowParams,
      headers: { "If-Match": conditions["If-Match"] },
      body: [
        { type: "application/merge-patch+json", description: "The fields to change." },
        { type: "application/json", description: "The same." },
      ],
      answers: { 200: json("The row as it is now.", row, { ETag: "Of the row." }), ...refusals },
      handle: async ({ params: { collection, key }, request }): Promise<Reply> => {
        const patch = await readJson(request, room);
        const own = existingKey(collections, collection, key);
        await patchRow(collections, { collection, key: own, patch, condition: conditionOf(request.headers, key) });
        return rowReply(collections, collection, own);
      },
    }),
    route({
      method: "DELETE",
      path: "/v1/collections/{collection}/rows/{key}",
      id: "deleteRow",
      tag: "collections",
      summary: "Takes a row away; durable when it is answered.",
      params: rowParams,
      headers: { "If-Match": conditions["If-Match"] },
      answers: { 204: { description: "It is gone." }, ...notFound, 412: refusals[412] },
      handle: async ({ params: { collection, key }, request }) => {
        const own = existingKey(collections, collection, key);
        await collections.edit(collection, [{ delete: own }], { check: conditionOf(request.headers, key) });
        return { status: 204 };
      },
    }),
    route({
      method: "POST",
      path: "/v1/collections/{collection}/edits",
      id: "editCollection",
      tag: "collections",
      summary: "Makes many edits in one commit, in their order: all of them or none.",
      params: z.object({ collection: name }),
      body: [{ type: "application/json", description: "Rows to put and keys to delete.", schema: edits }],
      answers: { 200: json("They are durable.", edited), ...refusals },
      handle: async ({ params: { collection }, request }) => {
        const parsed = edits.safeParse(await readJson(request, room));
        if (!parsed.success) {
          throw new RequestProblem(400, "MILLRACE_USAGE", "request body", 'is no list of edits; send { "edits": [{ "put": ROW }, { "delete": KEY }] }');
        }
        const made = parsed.data.edits.map((one): Edit<unknown> => ("put" in one ? { put: one.put } : { delete: keyOf(one.delete) }));
        return { status: 200, json: { version: await collections.edit(collection, made) } };
      },
    }),
  ];
}

/** How often a patch is made again where the row has changed meanwhile. */
const PATCH_ATTEMPTS = 5;

/** A patch is made on the row that it was computed from, or made again. */
async function patchRow(collections: CollectionsPort, { collection, key, patch, condition }: { readonly collection: string; readonly key: Key; readonly patch: unknown; readonly condition: Check }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const before = collections.get(collection, key);
    if (before === undefined) throw noRow(collection, keyText(key));
    const etag = etagOf(jsonText(before));
    const put = mergePatch(before, patch);
    ownKey(collections, { collection, key: keyText(key), given: put });
    try {
      await collections.edit(collection, [{ put }], {
        check: (now) => {
          condition(now);
          if (now === undefined || etagOf(jsonText(now)) !== etag) throw new Changed();
        },
      });
      return;
    } catch (error) {
      if (!(error instanceof Changed) || attempt === PATCH_ATTEMPTS) throw error instanceof Changed ? changed(keyText(key)) : error;
    }
  }
}

class Changed extends Error {}

type Check = (before: unknown) => void;

/** What If-Match and If-None-Match ask of the row. */
function conditionOf(headers: { readonly "if-match"?: string | undefined; readonly "if-none-match"?: string | undefined }, key: string): Check {
  const { "if-match": match, "if-none-match": none } = headers;
  return (before) => {
    const etag = before === undefined ? undefined : etagOf(jsonText(before));
    const fits = (match === undefined || (etag !== undefined && matches(match, etag))) && (none === undefined || etag === undefined || !matches(none, etag));
    if (!fits) throw changed(key);
  };
}

function changed(key: string): RequestProblem {
  return new RequestProblem(412, "MILLRACE_CONFLICT", `row ${key}`, "is not the one that the request is about: it has changed meanwhile; read it again", { retryable: true });
}

/** The key of a row that was given, which must be that of the address. */
function ownKey(collections: CollectionsPort, { collection, key, given }: { readonly collection: string; readonly key: string; readonly given: unknown }): Key {
  const own = collections.keyOf(collection, given);
  if (keysOf(key).some((one) => keyText(one) === keyText(own))) return own;
  throw new RequestProblem(400, "MILLRACE_USAGE", `collection ${collection}`, `the row has the key ${keyText(own)}, and the address the key ${key}; let both be the same`);
}

function existingKey(collections: CollectionsPort, collection: string, key: string): Key {
  const own = keysOf(key).find((one) => collections.get(collection, one) !== undefined);
  if (own === undefined) throw noRow(collection, key);
  return own;
}
