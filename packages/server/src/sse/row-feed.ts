import { jsonText } from "@millrace/core/internal";
import type { CollectionsPort, RowChange } from "../port.ts";
import { keyText } from "../rows/key-text.ts";
import type { EventStream } from "./event-stream.ts";

/** A client that has more rows to catch up with than this is dropped; it begins again with all rows. */
const MOST_PENDING = 100_000;
/** Rows an event. */
const ROWS_AN_EVENT = 1000;

/**
 * The changes of a collection for all who listen: one subscription, each row written as text once. A
 * client that is slow gets the latest row of each key when it has room again.
 */
export class RowFeed {
  readonly #collections: CollectionsPort;
  readonly #name: string;
  readonly #clients = new Set<Client>();
  #end: (() => void) | undefined;

  constructor(collections: CollectionsPort, name: string) {
    this.#collections = collections;
    this.#name = name;
  }

  /** Sends all rows as they are, then each change, until the result is called. */
  join(stream: EventStream): () => void {
    this.#end ??= this.#collections.subscribe(this.#name, (changes) => this.#tell(changes));
    // Between the rows and the first change nothing is lost: both happen in this turn.
    const client = new Client(stream, this.#collections.rows(this.#name));
    this.#clients.add(client);
    return () => {
      this.#clients.delete(client);
      if (this.#clients.size > 0) return;
      this.#end?.();
      this.#end = undefined;
    };
  }

  get clients(): number {
    return this.#clients.size;
  }

  #tell(changes: readonly RowChange[]): void {
    const written = changes.map((change) => [keyText(change.key), textOf(change)] as const);
    for (const client of this.#clients) client.add(written);
  }
}

class Client {
  readonly #stream: EventStream;
  /** What it has not been sent, by key. */
  readonly #pending = new Map<string, string>();
  #rows: readonly RowChange[];
  #at = 0;

  constructor(stream: EventStream, rows: readonly RowChange[]) {
    this.#stream = stream;
    this.#rows = rows;
    stream.onRoom(() => this.#flush());
    stream.send("snapshot", eventOf(rows.slice(0, ROWS_AN_EVENT).map(textOf)));
    this.#at = ROWS_AN_EVENT;
    this.#flush();
  }

  add(written: readonly (readonly [string, string])[]): void {
    for (const [key, text] of written) {
      // A row that changes again goes behind the others, in the order of the changes.
      this.#pending.delete(key);
      this.#pending.set(key, text);
    }
    if (this.#pending.size > MOST_PENDING) this.#stream.end();
    else this.#flush();
  }

  #flush(): void {
    while (this.#stream.writable && this.#at < this.#rows.length) {
      const part = this.#rows.slice(this.#at, this.#at + ROWS_AN_EVENT);
      this.#at += part.length;
      this.#stream.send("changes", eventOf(part.map(textOf)));
    }
    if (this.#at >= this.#rows.length) this.#rows = [];
    else return;
    while (this.#stream.writable && this.#pending.size > 0) {
      const part = [...this.#pending.entries().take(ROWS_AN_EVENT)];
      for (const [key] of part) this.#pending.delete(key);
      this.#stream.send("changes", eventOf(part.map(([, text]) => text)));
    }
  }
}

function textOf({ key, row }: RowChange): string {
  return `{"key":${JSON.stringify(keyText(key))},"row":${row === undefined ? "null" : jsonText(row)}}`;
}

function eventOf(texts: readonly string[]): string {
  return `{"changes":[${texts.join(",")}]}`;
}
