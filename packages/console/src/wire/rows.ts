import type { Row } from "../values/paths.ts";
import { send } from "./client.ts";
import { Followed, type Rows } from "./followed.ts";
import { Live } from "./live.ts";
import type { MapPanel } from "./types.ts";

const followed = new Followed();

/** The rows of a collection by their keys, live; all who ask for one share what feeds it. */
export function rowsOf(collection: string): Live<Rows> {
  return followed.rowsOf(collection);
}

/** Those of all collections that a map shows, by the collection's name. */
export function layersOf(panel: MapPanel): Live<ReadonlyMap<string, Rows>> {
  const names = [...new Set(panel.layers.map(({ collection }) => collection))];
  return new Live<ReadonlyMap<string, Rows>>(new Map(), (live) => {
    const parts = names.map((name) => [name, rowsOf(name)] as const);
    const changed = (): void => {
      live.set(new Map(parts.map(([name, part]) => [name, part.value()])));
      live.connect(parts.map(([, part]) => part.connection()).find((connection) => connection !== "live") ?? "live");
    };
    const ends = parts.map(([, part]) => part.look(changed));
    return () => ends.forEach((end) => end());
  });
}

/** Puts a row in its place: the key says which it changes; without one it is new. Throws Problem where it is refused. */
export function putRow(collection: string, key: string | undefined, row: Row): Promise<void> {
  return key === undefined ? send("POST", `${path(collection)}/edits`, { edits: [{ put: row }] }) : send("PUT", `${path(collection)}/rows/${encodeURIComponent(key)}`, row);
}

export function deleteRow(collection: string, key: string): Promise<void> {
  return send("DELETE", `${path(collection)}/rows/${encodeURIComponent(key)}`);
}

function path(collection: string): string {
  return `collections/${encodeURIComponent(collection)}`;
}
