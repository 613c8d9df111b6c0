import { gunzip, zstdDecompress, type InputType } from "node:zlib";
import type { BodyAccount } from "./body.ts";
import { RequestProblem } from "./problem.ts";

/** What a body may be packed in, by its Content-Encoding. */
export const ENCODINGS = "gzip, zstd";

/**
 * A body as it was before it was packed; the work is done on Node's thread pool. Throws 415 for another
 * encoding, 400 for damaged bytes, 413 where it would grow above the limit: it is not unpacked further.
 */
export async function unpack(body: Buffer, encoding: string | undefined, account: BodyAccount): Promise<Buffer> {
  const name = (encoding ?? "identity").trim().toLowerCase();
  if (name === "identity" || name === "") return body;
  const decoder = name === "gzip" || name === "x-gzip" ? gunzip : name === "zstd" ? zstdDecompress : undefined;
  if (decoder === undefined) {
    throw new RequestProblem(415, "MILLRACE_USAGE", `content encoding ${JSON.stringify(name.slice(0, 40))}`, `is not understood; send it as it is, or in ${ENCODINGS}`, { headers: { "accept-encoding": ENCODINGS } });
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for (let at = 0, frames = 0; at < body.length; frames++) {
    if (frames === MOST_FRAMES) throw damaged(name, undefined);
    const { buffer, used } = await decode(decoder as unknown as Decoder, at === 0 ? body : body.subarray(at), account.limits.unpackedBytes - size);
    account.take(buffer.length);
    pieces.push(buffer);
    size += buffer.length;
    // Node's zstd stops in silence after the first frame: the others are decoded one by one.
    if (used === 0) throw damaged(name, undefined);
    at += used;
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, size);

  function decode(by: Decoder, bytes: Buffer, room: number): Promise<{ buffer: Buffer; used: number }> {
    return new Promise((resolve, reject) => {
      if (room <= 0) {
        reject(bomb(account.limits.unpackedBytes));
        return;
      }
      by(bytes, { maxOutputLength: room, info: true }, (error, result) => {
        if (error === null) resolve({ buffer: result.buffer, used: result.engine.bytesWritten });
        else if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") reject(bomb(account.limits.unpackedBytes));
        else reject(damaged(name, error));
      });
    });
  }
}

/** Packed bodies consist of one frame, rarely of a few; many tiny ones would cost more than they hold. */
const MOST_FRAMES = 256;

/** With `info`, Node gives the buffer and what decoded it. */
type Decoder = (
  bytes: InputType,
  options: { readonly maxOutputLength: number; readonly info: true },
  done: (error: Error | null, result: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }) => void,
) => void;

function bomb(most: number): RequestProblem {
  return new RequestProblem(413, "MILLRACE_USAGE", "request body", `unpacks to more than ${most} bytes; send it in several requests`, { headers: { connection: "close" } });
}

function damaged(name: string, cause: unknown): RequestProblem {
  return new RequestProblem(400, "MILLRACE_DECODE", "request body", `is not whole ${name}; pack it again`, { cause });
}
