import type { IncomingMessage } from "node:http";
import { RequestProblem } from "./problem.ts";

export interface BodyLimits {
  /** Of one body, as it is sent. Default 16 MiB. */
  readonly bytes: number;
  /** Of one body, when it is unpacked. Default 64 MiB. */
  readonly unpackedBytes: number;
  /** Of all bodies together, while they are read and decoded. Default 256 MiB. */
  readonly totalBytes: number;
}

export const BODY_LIMITS: BodyLimits = { bytes: 16 * 1024 * 1024, unpackedBytes: 64 * 1024 * 1024, totalBytes: 256 * 1024 * 1024 };

/** What bodies take in memory, all together: above the bound requests are told to come again. */
export class BodyRoom {
  readonly limits: BodyLimits;
  #taken = 0;

  constructor(limits: BodyLimits = BODY_LIMITS) {
    this.limits = limits;
  }

  /** Begins the account of one request. */
  open(): BodyAccount {
    let own = 0;
    return {
      limits: this.limits,
      take: (bytes) => {
        if (this.#taken + bytes > this.limits.totalBytes) {
          throw new RequestProblem(429, "MILLRACE_OVERLOADED", "request body", "too many bodies are being read; send it again a little later", { headers: { "retry-after": "1", connection: "close" }, retryable: true });
        }
        own += bytes;
        this.#taken += bytes;
      },
      close: () => {
        this.#taken -= own;
        own = 0;
      },
    };
  }
}

/** What one request's body takes. */
export interface BodyAccount {
  readonly limits: BodyLimits;
  /** Throws 429 where there is no room. */
  take(bytes: number): void;
  /** Gives back what was taken. */
  close(): void;
}

/** The whole body as it was sent. Throws 413 above the limit and 400 where the client went away. */
export async function readBody(request: IncomingMessage, account: BodyAccount): Promise<Buffer> {
  const { bytes: most } = account.limits;
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > most) throw tooLarge(declared, most);
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > most) throw tooLarge(size, most);
      account.take(piece.length);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof RequestProblem) throw error;
    throw new RequestProblem(400, "MILLRACE_USAGE", "request body", "ended before it was complete; send it again", { cause: error, retryable: true });
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, size);
}

function tooLarge(size: number, most: number): RequestProblem {
  return new RequestProblem(413, "MILLRACE_USAGE", "request body", `has ${size} bytes or more, and at most ${most} are taken at once; send it in several requests`, { headers: { connection: "close" } });
}
