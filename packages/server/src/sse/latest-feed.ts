import { jsonText } from "@millrace/core/internal";
import type { EventStream } from "./event-stream.ts";

/**
 * Something that is asked for on an interval while anybody listens, and sent to all of them. Who has
 * not taken the last one misses this one.
 */
export class LatestFeed {
  readonly #ask: () => Promise<unknown>;
  readonly #every: number;
  readonly #clients = new Set<EventStream>();
  #timer: NodeJS.Timeout | undefined;

  /** `every` in ms. */
  constructor(ask: () => Promise<unknown>, every: number) {
    this.#ask = ask;
    this.#every = every;
  }

  /** Sends the next and all after it, until the result is called. */
  join(stream: EventStream): () => void {
    this.#clients.add(stream);
    if (this.#clients.size === 1) void this.#send();
    return () => {
      this.#clients.delete(stream);
      if (this.#clients.size === 0) clearTimeout(this.#timer);
    };
  }

  async #send(): Promise<void> {
    const began = performance.now();
    clearTimeout(this.#timer);
    try {
      const text = jsonText(await this.#ask());
      for (const client of this.#clients) if (client.writable) client.send("metrics", text);
    } catch {
      // What cannot be measured now is measured later; the requests for it say why.
    }
    if (this.#clients.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), Math.max(0, this.#every - (performance.now() - began)));
  }
}
