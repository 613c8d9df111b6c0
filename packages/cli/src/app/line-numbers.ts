import { closeSync, openSync, readSync, statSync } from "node:fs";

const PIECE = 1024 * 1024;
const LINE_FEED = 10;
/** So many bytes of a record tell whether it still stands where it was read. */
const COMPARED = 64;

/**
 * Line numbers of byte positions in plain files, for people: `line("rows.ndjson@4711", raw)`. Line ends
 * are counted once per MiB of a file. Undefined where the position is of something else (a compressed
 * file, standard input), or where the file has changed since.
 */
export class LineNumbers {
  /** By path: line ends before each MiB. */
  readonly #counted = new Map<string, number[]>();
  readonly #piece = Buffer.allocUnsafe(PIECE);

  line(position: string, raw: string): number | undefined {
    const [, path = "", at = ""] = /^(.+)@(\d+)$/.exec(position) ?? [];
    if (path === "" || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
    const file = openSync(path, "r");
    try {
      const offset = Number(at);
      return this.#stillThere(file, offset, raw) ? this.#lineEnds(path, file, offset) + 1 : undefined;
    } finally {
      closeSync(file);
    }
  }

  #stillThere(file: number, offset: number, raw: string): boolean {
    const expected = Buffer.from(raw).subarray(0, COMPARED);
    const length = readSync(file, this.#piece, 0, expected.length, offset);
    return this.#piece.subarray(0, length).equals(expected);
  }

  #lineEnds(path: string, file: number, offset: number): number {
    let counted = this.#counted.get(path);
    if (counted === undefined) this.#counted.set(path, (counted = [0]));
    const pieces = Math.floor(offset / PIECE);
    while (counted.length <= pieces) counted.push(counted[counted.length - 1] + this.#count(file, (counted.length - 1) * PIECE, PIECE));
    return counted[pieces] + this.#count(file, pieces * PIECE, offset - pieces * PIECE);
  }

  #count(file: number, from: number, length: number): number {
    const bytes = this.#piece.subarray(0, readSync(file, this.#piece, 0, length, from));
    let count = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
    return count;
  }
}
