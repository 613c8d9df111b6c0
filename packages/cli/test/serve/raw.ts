import { connect } from "node:net";

export interface RawAnswer {
  /** 0: the connection was ended without an answer. */
  readonly status: number;
  readonly text: string;
}

/** Sends bytes as they are and reads what comes until the server ends, or `milliseconds` have passed. */
export function raw(port: number, bytes: string | Uint8Array, milliseconds = 3000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
    };
    const timer = setTimeout(done, milliseconds);
    socket.on("data", (piece) => {
      text += piece.toString("latin1");
      const [head = "", body = ""] = text.split("\r\n\r\n", 2);
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (text.includes("\r\n\r\n") && length !== undefined && body.length >= Number(length)) done();
    });
    socket.on("close", done);
    socket.on("error", done);
  });
}

/** A request as text. */
export function request(method: string, target: string, headers: Readonly<Record<string, string>> = {}, body = ""): string {
  const all = { host: "127.0.0.1", connection: "close", ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }), ...headers };
  return `${method} ${target} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}
