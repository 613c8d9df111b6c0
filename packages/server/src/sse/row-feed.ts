import type { CollectionsPort } from "../port.ts";
import type { EventSender } from "./event-stream.ts";
import { rowText, RowClient } from "./row-client.ts";

/**
 * The changes of a collection for all who listen: one subscription, each row written as text once. A
 * client that comes back is told what it missed by a subscription of its own, then joins the others.
 */
export class RowFeed {
  readonly #collections: CollectionsPort;
  readonly #name: string;
  readonly #clients = new Set<RowClient>();
  #end: (() => void) | undefined;

  constructor(collections: CollectionsPort, name: string) {
    this.#collections = collections;
    this.#name = name;
  }

  /** Sends all rows, or what has changed since version `after`, then each change, until the result is called. */
  join(stream: EventSender, after: number | undefined): () => void {
    const collections = this.#collections;
    const client = new RowClient(stream);
    let endOwn: (() => void) | undefined;
    const leave = (): void => {
      endOwn?.();
      this.#leave(client);
    };
    if (after === undefined || after === collections.version(this.#name)) {
      // Between the rows and the first change nothing is lost: this turn has both.
      const version = collections.version(this.#name);
      if (after === undefined) client.start(collections.rows(this.#name), version);
      this.#enter(client, version);
      return leave;
    }
    endOwn = collections.subscribe(
      this.#name,
      (changes, { version, snapshot }) => {
        if (snapshot) client.start(changes, version);
        else client.add(changes.map((change) => rowText(change)), version);
        if (version < collections.version(this.#name)) return;
        endOwn?.();
        endOwn = undefined;
        this.#enter(client, version);
      },
      after,
    );
    return leave;
  }

  /** How many are told of changes now. */
  get clients(): number {
    return this.#clients.size;
  }

  #enter(client: RowClient, version: number): void {
    client.version = version;
    this.#end ??= this.#collections.subscribe(this.#name, (changes, told) => {
      const written = changes.map((change) => rowText(change));
      // One that has just caught up may know them already.
      for (const one of this.#clients) if (told.version > one.version) one.add(written, told.version);
    });
    this.#clients.add(client);
  }

  #leave(client: RowClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#end?.();
    this.#end = undefined;
  }
}

