import type { Row } from "../values/paths.ts";
import { listen } from "./events.ts";
import { Live } from "./live.ts";
import type { NamedChanges } from "./types.ts";

export type Rows = ReadonlyMap<string, Row>;

interface Collection {
  readonly live: Live<Rows>;
  readonly rows: Map<string, Row>;
  looked: boolean;
}

/**
 * The collections that anyone looks at, all over one connection, since a browser opens only six. When
 * one is added or left, the connection is made anew and goes on after what was seen.
 */
export class Followed {
  readonly #collections = new Map<string, Collection>();
  #end: (() => void) | undefined;
  #after: string | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;

  rowsOf(name: string): Live<Rows> {
    let found = this.#collections.get(name);
    if (found === undefined) {
      const rows = new Map<string, Row>();
      const live = new Live<Rows>(new Map(), () => this.#look(name));
      found = { live, rows, looked: false };
      this.#collections.set(name, found);
    }
    return found.live;
  }

  #look(name: string): () => void {
    const collection = this.#collections.get(name);
    if (collection === undefined) return () => undefined;
    collection.looked = true;
    this.#renew();
    return () => {
      collection.looked = false;
      this.#renew();
    };
  }

  /** Those of one page are asked for together. */
  #renew(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => {
      this.#end?.();
      this.#end = undefined;
      const looked = [...this.#collections].filter(([, { looked: is }]) => is);
      if (looked.length === 0) return;
      const query = new URLSearchParams(looked.map(([name]) => ["collection", name]));
      this.#end = listen(
        `changes?${query.toString()}`,
        ({ id, event, data }) => {
          this.#take(event, data as NamedChanges);
          this.#after = id ?? this.#after;
        },
        (connection) => looked.forEach(([, { live }]) => live.connect(connection)),
        this.#after,
      );
    }, 20);
  }

  #take(event: string, { collection, changes }: NamedChanges): void {
    const found = this.#collections.get(collection);
    if (found === undefined) return;
    const { rows, live } = found;
    if (event === "snapshot") rows.clear();
    for (const { key, row } of changes) {
      if (row === null) rows.delete(key);
      else rows.set(key, row as Row);
    }
    live.set(new Map(rows));
  }
}
