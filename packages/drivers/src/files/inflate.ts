import { createGunzip, createZstdDecompress } from "node:zlib";

export type Compression = "none" | "gzip" | "zstd";

/**
 * Decompresses a stream of one or more gzip members or zstd frames, about `pieceBytes` at a time;
 * the work happens on Node's thread pool while the last piece is being used. Throws the errors of
 * zlib: damaged bytes, an input that ends too early, anything but zero padding after the last frame.
 *
 * Node's own zstd stream stops in silence after the first frame where a second one follows in the
 * same write, and what comes after zero padding is dropped likewise: hence one decoder per frame.
 */
export async function* inflate(
  input: AsyncIterator<Buffer>,
  compression: "gzip" | "zstd",
  pieceBytes: number,
): AsyncGenerator<Buffer, void, void> {
  let rest: Buffer | undefined;
  for (let first = true; ; first = false) {
    if (rest === undefined || rest.length === 0) {
      const piece = await input.next();
      if (piece.done !== true) rest = piece.value;
      else if (!first) return;
    }
    if (!first && compression === "gzip" && rest !== undefined) {
      rest = withoutPadding(rest);
      if (rest.length === 0) continue;
    }
    const decoder = compression === "gzip" ? createGunzip({ chunkSize: pieceBytes }) : createZstdDecompress({ chunkSize: pieceBytes });
    const feed = new Feed(decoder, input, rest);
    void feed.run();
    try {
      for await (const piece of decoder) yield piece as Buffer;
    } finally {
      decoder.destroy();
    }
    rest = feed.unused();
    if (rest === undefined) return;
  }
}

type Decoder = ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;

/** Writes input to a decoder piece by piece, and knows what the decoder left when it ended at the end of a frame. */
class Feed {
  readonly #decoder: Decoder;
  readonly #input: AsyncIterator<Buffer>;
  #piece: Buffer | undefined;
  #consumedBefore = 0;
  #complete = false;

  constructor(decoder: Decoder, input: AsyncIterator<Buffer>, first: Buffer | undefined) {
    this.#decoder = decoder;
    this.#input = input;
    this.#piece = first;
  }

  async run(): Promise<void> {
    try {
      for (;;) {
        if (this.#piece !== undefined) await this.#write(this.#piece);
        const next = await this.#input.next();
        if (next.done === true) break;
        this.#piece = next.value;
      }
      this.#complete = true;
      this.#decoder.end();
    } catch (error) {
      this.#decoder.destroy(error as Error);
    }
  }

  unused(): Buffer | undefined {
    if (this.#complete || this.#piece === undefined) return undefined;
    return this.#piece.subarray(this.#decoder.bytesWritten - this.#consumedBefore);
  }

  /** Never settles where the decoder ends within the piece. */
  #write(piece: Buffer): Promise<void> {
    this.#consumedBefore = this.#decoder.bytesWritten;
    return new Promise((resolve, reject) => {
      this.#decoder.write(piece, (error) => (error == null ? resolve() : reject(error)));
    });
  }
}

function withoutPadding(bytes: Buffer): Buffer {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}
