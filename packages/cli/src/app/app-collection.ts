import type { Collection, Key } from "@millrace/core";
import type { Edit, EditOptions, Runtime, Told } from "@millrace/core/internal";

/** A row's new value, or undefined where the row is gone. */
export interface RowChange<T> {
  readonly key: Key;
  readonly row: T | undefined;
}

export interface SubscribeOptions {
  /**
   * A version that is known already: what has changed since comes first, so that nothing is missed or seen
   * twice. Where the change log goes back less far, all rows come first, as a `snapshot`. Default: from now on.
   */
  readonly after?: number;
}

/**
 * A collection of a running app, as committed. Edits and what workflows write have one order, that of their
 * commits: the last one counts. Each change raises the version by one.
 */
export interface AppCollection<T> {
  get(key: Key): T | undefined;
  /** All rows, by ascending key. */
  rows(): readonly T[];
  /** How many changes were made to it, ever. */
  readonly version: number;
  /**
   * Puts a row in the place of the one with its key; resolves to the version once that is durable. Throws
   * MILLRACE_SCHEMA, changing nothing, where the row does not match the collection's schema.
   */
  put(row: T, options?: EditOptions): Promise<number>;
  /** Takes a row away, if it is there; resolves to the version once that is durable. */
  delete(key: Key, options?: EditOptions): Promise<number>;
  /** Many edits in their order, all of them or none: `[{ put: row }, { delete: key }]`. */
  edit(edits: readonly Edit<T>[], options?: EditOptions): Promise<number>;
  /** Calls back with the changes of each commit and the version after them; the result ends it. */
  subscribe(subscriber: (changes: readonly RowChange<T>[], told: Told) => void, options?: SubscribeOptions): () => void;
}

/** `check` throws where the app does not take edits any more. */
export function appCollection<T>(runtime: Runtime, collection: Collection<T>, check: () => void): AppCollection<T> {
  const { name } = collection;
  const edit = async (edits: readonly Edit<T>[], options?: EditOptions): Promise<number> => {
    check();
    return runtime.edit(collection, edits, options);
  };
  return {
    get: (key) => runtime.get(collection, key) as T | undefined,
    rows: () => runtime.rows(name).map(({ row }) => row as T),
    get version() {
      return runtime.version(name);
    },
    put: (row, options) => edit([{ put: row }], options),
    delete: (key, options) => edit([{ delete: key }], options),
    edit,
    subscribe: (subscriber, { after } = {}) => runtime.subscribe(name, (changes, told) => subscriber(changes as readonly RowChange<T>[], told), after),
  };
}
