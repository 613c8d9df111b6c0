import * as zlib from "node:zlib";

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
    const decoder = compression === "gzip" ? zlib.createGunzip({ chunkSize: pieceBytes }) : zlib.createZstdDecompress({ chunkSize: pieceBytes });
    const feed = new Feed(decoder, input, rest);
    const fed = feed.run();
    try {
      for await (const piece of decoder) yield piece as Buffer;
    } finally {
      decoder.destroy();
    }
    await fed;
    rest = feed.unused;
    if (rest === undefined) return;
  }
}

type Decoder = ReturnType<typeof zlib.createGunzip> | ReturnType<typeof zlib.createZstdDecompress>;

/**
 * Writes input to a decoder piece by piece, until the input ends or the decoder leaves something of a
 * piece: then it has come to the end of a frame, and no more of the input is asked for.
 */
class Feed {
  /** What of the input belongs to the next frame; undefined where the input has ended. */
  unused: Buffer | undefined;
  readonly #decoder: Decoder;
  readonly #input: AsyncIterator<Buffer>;
  readonly #first: Buffer | undefined;

  constructor(decoder: Decoder, input: AsyncIterator<Buffer>, first: Buffer | undefined) {
    this.#decoder = decoder;
    this.#input = input;
    this.#first = first;
  }

  /** Never rejects: what goes wrong destroys the decoder. */
  async run(): Promise<void> {
    const decoder = this.#decoder;
    try {
      for (let piece = this.#first; ; ) {
        if (piece !== undefined) {
          const taken = await this.#write(piece);
          if (taken < piece.length) {
            this.unused = piece.subarray(taken);
            return;
          }
        }
        const next = await this.#input.next();
        if (next.done === true) break;
        piece = next.value;
      }
      decoder.end();
    } catch (error) {
      decoder.destroy(error as Error);
    }
  }

  /** How many bytes of a piece the decoder took. */
  #write(piece: Buffer): Promise<number> {
    const before = this.#decoder.bytesWritten;
    return new Promise((resolve, reject) => {
      this.#decoder.write(piece, (error) => (error == null ? resolve(this.#decoder.bytesWritten - before) : reject(error)));
    });
  }
}

function withoutPadding(bytes: Buffer): Buffer {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}
