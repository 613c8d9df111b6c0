import type { ServerResponse } from "node:http";

export interface EventStreamOptions {
  /** A comment after so long without an event, so that nobody between takes the line for dead. ms. */
  readonly heartbeat: number;
  /** A client that has taken nothing for so long is dropped. ms. */
  readonly patience: number;
}

export const EVENT_STREAM: EventStreamOptions = { heartbeat: 15_000, patience: 30_000 };

/** Sends events to one client; whoever sends asks `writable` first, and is called back when there is room again. */
export interface EventSender {
  /** Whether the client has taken what it was sent. */
  readonly writable: boolean;
  onRoom(callback: () => void): void;
  /** `data` is JSON text, on one line. */
  send(event: string, data: string, id?: string): void;
  end(): void;
}

/**
 * Server-sent events (WHATWG HTML, section 9.2) to one client. It holds no more than the socket's own
 * buffer: whoever writes asks `writable` first, and is called back when there is room again.
 */
export class EventStream implements EventSender {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  #timer: NodeJS.Timeout | undefined;
  #onRoom: (() => void) | undefined;
  #full = false;

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
    response.socket?.setNoDelay(true);
    response.on("drain", () => {
      this.#full = false;
      this.#wait();
      this.#onRoom?.();
    });
    response.on("close", () => clearTimeout(this.#timer));
    response.flushHeaders();
    this.#wait();
  }

  /** Whether the client has taken what it was sent. */
  get writable(): boolean {
    return !this.#full && !this.#response.writableEnded && !this.#response.destroyed;
  }

  /** Calls back whenever there is room again. */
  onRoom(callback: () => void): void {
    this.#onRoom = callback;
  }

  /** Sends an event; `data` is JSON text, on one line. */
  send(event: string, data: string, id?: string): void {
    this.#write(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  end(): void {
    if (!this.#response.writableEnded) this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#response.write(text)) {
      this.#wait();
      return;
    }
    this.#full = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#response.destroy(), this.#options.patience);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(": \n\n"), this.#options.heartbeat);
  }
}
