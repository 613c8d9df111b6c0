import { MillraceError, type AnyCollection, type Collection } from "@millrace/core";
import { issuesText } from "@millrace/core/internal";
import type { CollectionsPort } from "@millrace/server";
import type { Started } from "../start-loaded.ts";
import { written } from "./served-workflows.ts";

export function servedCollections({ runtime, names }: Started): CollectionsPort {
  const workflows = runtime.plans.map(({ workflow }) => workflow);
  const state: CollectionsPort["state"] = (collection) => {
    find(collection);
    const writtenBy = workflows.filter((workflow) => written(workflow, "collection").includes(collection)).map(({ name }) => name);
    return { name: collection, rows: runtime.size(collection), version: runtime.version(collection), writtenBy };
  };
  const find = (collection: string): Collection<unknown> => {
    const found: AnyCollection | undefined = names.collections.get(collection);
    if (found !== undefined) return found as unknown as Collection<unknown>;
    throw new MillraceError("MILLRACE_NOT_FOUND", `collection ${collection}`, `no workflow writes or reads it; there are: ${[...names.collections.keys()].sort().join(", ") || "none"}`);
  };
  return {
    state,
    list: () => [...names.collections.keys()].sort().map(state),
    rows: (collection) => runtime.rows(find(collection).name),
    get: (collection, key) => runtime.get(find(collection), key),
    version: (collection) => runtime.version(find(collection).name),
    subscribe: (collection, subscriber, after) => runtime.subscribe(find(collection).name, subscriber, after),
    keyOf: (collection, row) => {
      const { schema, key } = find(collection);
      let valid = row;
      if (schema !== undefined) {
        const result = schema["~standard"].validate(row);
        if (result instanceof Promise) throw new MillraceError("MILLRACE_SCHEMA", `collection ${collection}`, "its schema validates asynchronously; use one that answers at once");
        if (result.issues !== undefined) throw new MillraceError("MILLRACE_SCHEMA", `collection ${collection}`, issuesText(result.issues));
        valid = result.value;
      }
      try {
        return key(valid);
      } catch (error) {
        throw new MillraceError("MILLRACE_SCHEMA", `collection ${collection}`, `the row has no key: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    },
    edit: (collection, edits, options) => runtime.edit(find(collection), edits, options),
  };
}
