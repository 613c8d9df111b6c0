import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * The connections of a server, and which of them wait for an answer. Node's own closeIdleConnections
 * leaves those open that have not sent a request yet, as clients keep in reserve.
 */
export class Connections {
  readonly #waiting = new Map<Socket, number>();
  #closing = false;

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#waiting.set(socket, 0);
      socket.on("close", () => this.#waiting.delete(socket));
    });
    server.on("request", ({ socket }, response) => {
      this.#count(socket, 1);
      response.on("close", () => this.#count(socket, -1));
    });
  }

  /** Ends connections as soon as they wait for nothing. */
  close(): void {
    this.#closing = true;
    for (const [socket, waiting] of this.#waiting) if (waiting === 0) socket.end();
  }

  #count(socket: Socket, change: number): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    this.#waiting.set(socket, waiting + change);
    if (this.#closing && waiting + change === 0) socket.end();
  }
}
