import * as zlib from "node:zlib";
import type { LogFiles } from "./files.ts";
import { FRAME, FRAME_HEADER_BYTES, FRAME_MAGIC } from "./layout.ts";

const WINDOW = 1 << 20;

/** Reads a segment's frames from front to end through a window; payload that is not in it is not read. */
export class Scanner {
  readonly #files: LogFiles;
  readonly #file: number;
  readonly size: number;
  bytes = new Uint8Array(WINDOW);
  view = new DataView(this.bytes.buffer);
  /** Where the frame that `frame` found lies in `bytes`. */
  at = 0;
  #windowFrom = 0;
  #windowEnd = 0;

  constructor(files: LogFiles, file: number) {
    this.#files = files;
    this.#file = file;
    this.size = files.size(file);
  }

  /** The whole frame's length, where one with a good directory and room for its payload begins; else 0. */
  frame(position: number): number {
    const length = this.directory(position);
    return position + length <= this.size ? length : 0;
  }

  /** Like `frame`, but the payload may be cut off. */
  directory(position: number): number {
    if (!this.#load(position, FRAME_HEADER_BYTES)) return 0;
    if (this.view.getUint32(this.at + FRAME.magic, true) !== FRAME_MAGIC) return 0;
    const covered = FRAME_HEADER_BYTES + this.view.getUint32(this.at + FRAME.directoryBytes, true);
    if (!this.#load(position, covered)) return 0;
    const checksum = this.view.getUint32(this.at + FRAME.checksum, true);
    if (zlib.crc32(this.bytes.subarray(this.at + FRAME.directoryBytes, this.at + covered)) !== checksum) return 0;
    return covered + this.view.getUint32(this.at + FRAME.payloadBytes, true);
  }

  /** Whether a good frame lies at or after `position` whose writer knew `position` as acknowledged. */
  acknowledgedAfter(position: number): boolean {
    for (let at = position & ~7; at + FRAME_HEADER_BYTES <= this.size; at += 8) {
      if (this.#load(at, 4) && this.view.getUint32(this.at, true) !== FRAME_MAGIC) continue;
      if (this.directory(at) > 0 && this.view.getUint32(this.at + FRAME.groupStart, true) > position) return true;
    }
    return false;
  }

  #load(position: number, length: number): boolean {
    if (position + length > this.size) return false;
    if (position < this.#windowFrom || position + length > this.#windowEnd) {
      if (length > this.bytes.length) {
        this.bytes = new Uint8Array(length);
        this.view = new DataView(this.bytes.buffer);
      }
      this.#windowFrom = position;
      this.#windowEnd = position + this.#files.read(this.#file, this.bytes, position);
      if (position + length > this.#windowEnd) return false;
    }
    this.at = position - this.#windowFrom;
    return true;
  }
}
