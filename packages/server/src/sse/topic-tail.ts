import { jsonText } from "@millrace/core/internal";
import type { TopicsPort } from "../port.ts";
import type { Atom } from "../types.ts";
import type { EventStream } from "./event-stream.ts";

/** Atoms that are read and sent at once. */
const PAGE = 500;
/** Pages that are kept for clients that are as far. */
const PAGES = 16;

interface Client {
  readonly stream: EventStream;
  readonly positions: number[];
  ended: boolean;
  busy: boolean;
  again: boolean;
}

interface Page {
  readonly texts: readonly string[];
}

/**
 * The atoms of a topic for all who follow it. Each client has a position and reads from there, so a
 * slow one holds nothing up and nothing is held for it; clients that are as far share what was read.
 */
export class TopicTail {
  readonly #topics: TopicsPort;
  readonly #name: string;
  readonly #pages = new Map<string, Promise<Page>>();

  constructor(topics: TopicsPort, name: string) {
    this.#topics = topics;
    this.#name = name;
  }

  /** Sends atoms from the positions on (one a partition) as they come, until the result is called. */
  follow(stream: EventStream, positions: number[], failed: (error: unknown) => void): () => void {
    const client: Client = { stream, positions, ended: false, busy: false, again: false };
    const go = (): void => void this.#catchUp(client).catch(failed);
    const deaf = this.#topics.onGrowth(this.#name, go);
    stream.onRoom(go);
    go();
    return () => {
      client.ended = true;
      deaf();
    };
  }

  /** Sends what there is; where that is being done, it is done once more. */
  async #catchUp(client: Client): Promise<void> {
    client.again = true;
    if (client.busy) return;
    client.busy = true;
    try {
      while (client.again && !client.ended) {
        client.again = false;
        for (let partition = 0; partition < client.positions.length; partition++) await this.#send(client, partition);
      }
    } finally {
      client.busy = false;
    }
  }

  /** Sends what a partition has, as far as the client takes it. */
  async #send(client: Client, partition: number): Promise<void> {
    const { stream, positions } = client;
    while (stream.writable) {
      const { texts } = await this.#page(partition, positions[partition]);
      if (texts.length === 0 || client.ended) return;
      positions[partition] += texts.length;
      stream.send("atoms", `{"items":[${texts.join(",")}]}`, positions.join(","));
    }
  }

  #page(partition: number, offset: number): Promise<Page> {
    const name = `${partition} ${offset}`;
    const known = this.#pages.get(name);
    if (known !== undefined) return known;
    const read = this.#topics.read(this.#name, partition, offset, PAGE).then((atoms): Page => ({ texts: atoms.map(textOf) }));
    this.#pages.set(name, read);
    const forget = (): void => {
      if (this.#pages.get(name) === read) this.#pages.delete(name);
    };
    // What is at the end may grow at once: only whole pages stay the same.
    read.then(({ texts }) => texts.length < PAGE && forget(), forget);
    if (this.#pages.size > PAGES) this.#pages.delete(this.#pages.keys().next().value ?? "");
    return read;
  }
}

function textOf(atom: Atom): string {
  return jsonText(atom);
}
