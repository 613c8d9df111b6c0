import { jsonText } from "@millrace/core/internal";
import type { RowChange } from "../port.ts";
import { keyText } from "../rows/key-text.ts";
import type { EventSender } from "./event-stream.ts";

/** A client that has more rows to catch up with than this is dropped; it comes back and goes on. */
const MOST_PENDING = 100_000;
/** Rows an event. */
const ROWS_AN_EVENT = 1000;

/** A row's key and its event text. */
export type RowText = readonly [key: string, text: string];

/** A change as it is sent: written once for all clients. */
export function rowText({ key, row }: RowChange): RowText {
  const text = keyText(key);
  return [text, `{"key":${JSON.stringify(text)},"row":${row === undefined ? "null" : jsonText(row)}}`];
}

/**
 * One who listens to a collection. While it takes nothing, what it has not been sent is kept by key: it
 * gets the latest row of each, never a backlog. An event's id, the version to go on after, comes only
 * with the last of what belongs together.
 */
export class RowClient {
  /** The version after what it was told last. */
  version = -1;
  readonly #stream: EventSender;
  readonly #pending = new Map<string, string>();
  /** All rows, of which those from `#at` on are to be sent before anything else. */
  #rows: readonly RowChange[] = [];
  #at = 0;
  #begun = true;

  constructor(stream: EventSender) {
    this.#stream = stream;
    stream.onRoom(() => this.#flush());
  }

  /** Sends all rows, in place of whatever the client had. */
  start(rows: readonly RowChange[], version: number): void {
    this.#pending.clear();
    this.#rows = rows;
    this.#at = 0;
    this.#begun = false;
    this.version = version;
    this.#flush();
  }

  /** Sends changes, or keeps the latest of each row. */
  add(changes: readonly RowText[], version: number): void {
    for (const [key, text] of changes) {
      // A row that changes again goes behind the others, in the order of the changes.
      this.#pending.delete(key);
      this.#pending.set(key, text);
    }
    this.version = version;
    if (this.#pending.size > MOST_PENDING) this.#stream.end();
    else this.#flush();
  }

  #flush(): void {
    while (this.#stream.writable && (!this.#begun || this.#at < this.#rows.length)) {
      const part = this.#rows.slice(this.#at, this.#at + ROWS_AN_EVENT);
      this.#at += part.length;
      this.#send(this.#begun ? "changes" : "snapshot", part.map((one) => rowText(one)[1]));
      this.#begun = true;
    }
    if (!this.#begun || this.#at < this.#rows.length) return;
    this.#rows = [];
    this.#at = 0;
    while (this.#stream.writable && this.#pending.size > 0) {
      const part = [...this.#pending.entries().take(ROWS_AN_EVENT)];
      for (const [key] of part) this.#pending.delete(key);
      this.#send("changes", part.map(([, text]) => text));
    }
  }

  #send(event: string, texts: readonly string[]): void {
    const last = this.#at >= this.#rows.length && this.#pending.size === 0;
    this.#stream.send(event, `{"changes":[${texts.join(",")}]}`, last ? String(this.version) : undefined);
  }
}
