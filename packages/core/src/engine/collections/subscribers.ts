import type { CollectionChange } from "./rows.ts";

/** What a subscriber's changes lead to. */
export interface Told {
  /** The version of the collection after them: from here a subscriber can go on. */
  readonly version: number;
  /** Whether they are all rows that there are, in place of whatever the subscriber had. */
  readonly snapshot: boolean;
}

export type Subscriber = (changes: readonly CollectionChange[], told: Told) => void;

interface Subscription {
  readonly subscriber: Subscriber;
  /** Changes that wait until it has been told of those before; undefined: it is told at once. */
  waiting: { readonly changes: readonly CollectionChange[]; readonly version: number }[] | undefined;
}

/** Those who are told of one collection's changes. */
export class Subscribers {
  readonly #all = new Set<Subscription>();

  get size(): number {
    return this.#all.size;
  }

  tell(changes: readonly CollectionChange[], version: number): void {
    for (const { waiting, subscriber } of this.#all) {
      if (waiting === undefined) subscriber(changes, { version, snapshot: false });
      else waiting.push({ changes, version });
    }
  }

  /** Tells of everything from now on; the result ends it. */
  add(subscriber: Subscriber): () => void {
    return this.#begin({ subscriber, waiting: undefined });
  }

  /** The same after what `before` tells first; if that fails, with all rows there are, from `snapshot`. */
  addAfter(subscriber: Subscriber, before: (tell: Subscriber) => Promise<void>, snapshot: () => { readonly changes: readonly CollectionChange[]; readonly version: number }): () => void {
    const subscription: Subscription = { subscriber, waiting: [] };
    const end = this.#begin(subscription);
    const tell: Subscriber = (changes, told) => {
      if (this.#all.has(subscription)) subscriber(changes, told);
    };
    const goOn = (after: number): void => {
      const waiting = subscription.waiting ?? [];
      subscription.waiting = undefined;
      for (const { changes, version } of waiting) if (version > after) tell(changes, { version, snapshot: false });
    };
    before(tell).then(
      () => goOn(-1),
      () => {
        const { changes, version } = snapshot();
        tell(changes, { version, snapshot: true });
        goOn(version);
      },
    );
    return end;
  }

  #begin(subscription: Subscription): () => void {
    this.#all.add(subscription);
    return () => void this.#all.delete(subscription);
  }
}
