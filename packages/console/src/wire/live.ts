import { useSyncExternalStore } from "react";
import type { Connection } from "./events.ts";

/**
 * Something that changes, with who looks at it. What feeds it starts with the first who looks and ends
 * a moment after the last; who looks is told once a frame at most, however often it changes.
 */
export class Live<T> {
  readonly #feed: (live: Live<T>) => () => void;
  readonly #looking = new Set<() => void>();
  #value: T;
  #connection: Connection = "connecting";
  #end: (() => void) | undefined;
  #told = false;
  #ending: ReturnType<typeof setTimeout> | undefined;

  constructor(first: T, feed: (live: Live<T>) => () => void) {
    this.#value = first;
    this.#feed = feed;
  }

  readonly value = (): T => this.#value;
  readonly connection = (): Connection => this.#connection;

  set(value: T): void {
    this.#value = value;
    this.#tell();
  }

  connect(connection: Connection): void {
    this.#connection = connection;
    this.#tell();
  }

  readonly look = (changed: () => void): (() => void) => {
    clearTimeout(this.#ending);
    this.#looking.add(changed);
    this.#end ??= this.#feed(this);
    return () => {
      this.#looking.delete(changed);
      if (this.#looking.size > 0) return;
      this.#ending = setTimeout(() => {
        this.#end?.();
        this.#end = undefined;
      }, LINGER);
    };
  };

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    requestAnimationFrame(() => {
      this.#told = false;
      for (const changed of this.#looking) changed();
    });
  }
}

/** The value as it is now; the component is drawn again when it changes. */
export function useLive<T>(live: Live<T>): { readonly value: T; readonly connection: Connection } {
  return { value: useSyncExternalStore(live.look, live.value), connection: useSyncExternalStore(live.look, live.connection) };
}

const LINGER = 2_000;
