import { join } from "node:path";
import * as zlib from "node:zlib";
import { corrupt } from "./store-errors.ts";
import type { LogFiles } from "./files.ts";
import { FORMAT_VERSION, SEGMENT, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC } from "./layout.ts";

const NAME = /^(\d{10})\.log$/;
/** Files of finished segments that are kept open for reading. */
const OPEN_FILES = 32;
/** Bytes between two extents that are rather read along than by a call of their own. */
const READ_ALONG = 16 * 1024;
const LARGEST_READ = 8 * 1024 * 1024;

/** The segment files of a log: names, headers, open files, reads. */
export class Segments {
  readonly files: LogFiles;
  readonly directory: string;
  readonly #open = new Map<number, number>();
  #active = -1;

  constructor(files: LogFiles, directory: string) {
    this.files = files;
    this.directory = directory;
  }

  path(number: number): string {
    return join(this.directory, `${String(number).padStart(10, "0")}.log`);
  }

  /** Numbers of the segments that are there, ascending. */
  list(): number[] {
    const numbers: number[] = [];
    for (const name of this.files.list(this.directory)) {
      const match = NAME.exec(name);
      if (match !== null) numbers.push(Number(match[1]));
    }
    return numbers.sort((a, b) => a - b);
  }

  /** Creates the file of a segment, empty. One that is left from a failed attempt is replaced. */
  create(number: number): number {
    this.remove(number);
    const file = this.files.open(this.path(number), "wx+");
    this.#open.set(number, file);
    return file;
  }

  /** Opens a segment for appending; it stays open. */
  activate(number: number): number {
    this.#close(number);
    const file = this.files.open(this.path(number), "r+");
    this.#open.set(number, file);
    this.#active = number;
    return file;
  }

  setActive(number: number): void {
    this.#active = number;
  }

  file(number: number): number {
    const open = this.#open.get(number);
    if (open !== undefined) return open;
    const file = this.files.open(this.path(number), "r");
    this.#open.set(number, file);
    if (this.#open.size > OPEN_FILES) {
      for (const old of this.#open.keys()) {
        if (old === this.#active || old === number) continue;
        this.#close(old);
        break;
      }
    }
    return file;
  }

  remove(number: number): void {
    this.#close(number);
    this.files.remove(this.path(number));
  }

  removeLater(number: number): void {
    this.#close(number);
    this.files.removeLater(this.path(number));
  }

  closeAll(): void {
    for (const number of [...this.#open.keys()]) this.#close(number);
  }

  /**
   * The bytes of extents (flat: segment, position, length, checksum), each verified. Neighbours are
   * read at once and share a buffer. Throws MILLRACE_STORE_CORRUPT.
   */
  read(extents: readonly number[]): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (let i = 0; i < extents.length; ) {
      const segment = extents[i];
      const from = extents[i + 1];
      let to = from + extents[i + 2];
      let next = i + 4;
      for (; next < extents.length && extents[next] === segment; next += 4) {
        const end = extents[next + 1] + extents[next + 2];
        if (extents[next + 1] < to || extents[next + 1] - to > READ_ALONG || end - from > LARGEST_READ) break;
        to = end;
      }
      const bytes = this.#readRange(segment, from, to - from);
      for (; i < next; i += 4) {
        const piece = bytes.subarray(extents[i + 1] - from, extents[i + 1] - from + extents[i + 2]);
        if (zlib.crc32(piece) !== extents[i + 3]) throw corrupt(this.path(segment), extents[i + 1], "a block fails its checksum.");
        found.push(piece);
      }
    }
    return found;
  }

  #readRange(segment: number, position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (length === 0) return bytes;
    const count = this.files.read(this.file(segment), bytes, position);
    if (count < length) throw corrupt(this.path(segment), position + count, "the file ends within a block.");
    return bytes;
  }

  #close(number: number): void {
    const file = this.#open.get(number);
    if (file === undefined) return;
    this.#open.delete(number);
    this.files.close(file);
  }
}

export function segmentHeader(number: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(SEGMENT.magic, SEGMENT_MAGIC[0], true);
  view.setUint32(SEGMENT.magic + 4, SEGMENT_MAGIC[1], true);
  view.setUint32(SEGMENT.version, FORMAT_VERSION, true);
  view.setUint32(SEGMENT.number, number, true);
  view.setUint32(SEGMENT.checksum, zlib.crc32(bytes.subarray(0, SEGMENT.checksum)), true);
  return bytes;
}

/** Whether bytes are the header of this segment. */
export function isSegmentHeader(bytes: Uint8Array, number: number): boolean {
  const expected = segmentHeader(number);
  return bytes.length >= expected.length && expected.every((byte, i) => byte === bytes[i]);
}
