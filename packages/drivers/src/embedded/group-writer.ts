import * as zlib from "node:zlib";
import { ENTRY, ENTRY_BYTES, FRAME, FRAME_HEADER_BYTES, FRAME_MAGIC, roundUp } from "./layout.ts";

/** Payload pieces below this are copied beside their directory, larger ones are written from where they are. */
const COPY_BELOW = 32 * 1024;
const NO_BYTES = new Uint8Array(0);
const PADDING = new Uint8Array(8);

/**
 * Builds the bytes of one write: frames, one after the other. A frame is begun, gets entries, and is
 * finished; its directory then lies in `bytes` at `frameAt` until the next `reset`.
 */
export class GroupWriter {
  #bytes = new Uint8Array(1 << 20);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  /** What the write consists of: [from, to) of `#bytes`, or bytes elsewhere. */
  #pieces: (readonly [number, number] | Uint8Array)[] = [];
  #pieceFrom = 0;
  #outside = 0;
  #groupStart = 0;
  #position = 0;

  #frameAt = 0;
  #framePosition = 0;
  #entryAt = 0;
  #entries = 0;
  #inline: Uint8Array[] = [];
  #payload: Uint8Array[] = [];
  #payloadBytes = 0;

  /**
   * Starts a group that begins at `groupStart` of the segment; what this writer holds of it will be
   * written at `position`.
   */
  reset(groupStart: number, position = groupStart): void {
    if (this.#bytes.length > 1 << 24) {
      this.#bytes = new Uint8Array(1 << 20);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#used = 0;
    this.#pieces = [];
    this.#pieceFrom = 0;
    this.#outside = 0;
    this.#groupStart = groupStart;
    this.#position = position;
  }

  /** Bytes of the group so far. */
  get size(): number {
    return this.#used + this.#outside;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Where the last frame lies in `bytes`. */
  get frameAt(): number {
    return this.#frameAt;
  }

  /** Where the last frame will lie in the segment. */
  get framePosition(): number {
    return this.#framePosition;
  }

  begin(kind: number, number: number, time: number): void {
    this.#framePosition = this.#position + this.size;
    this.#frameAt = this.#used;
    this.#entries = 0;
    this.#inline = [];
    this.#payload = [];
    this.#payloadBytes = 0;
    this.#reserve(FRAME_HEADER_BYTES);
    this.#bytes.fill(0, this.#used, this.#used + FRAME_HEADER_BYTES);
    this.#view.setUint32(this.#frameAt + FRAME.magic, FRAME_MAGIC, true);
    this.#view.setUint32(this.#frameAt + FRAME.groupStart, this.#groupStart, true);
    this.#view.setUint32(this.#frameAt + FRAME.kind, kind, true);
    this.#view.setFloat64(this.#frameAt + FRAME.number, number, true);
    this.#view.setFloat64(this.#frameAt + FRAME.time, time, true);
    this.#used += FRAME_HEADER_BYTES;
  }

  /** Adds an entry; fields as ENTRY says. `inline` and `payload` follow by the methods of those names. */
  entry(kind: number, flag: number, a: number, b: number, c: number, d: number, e: number): void {
    this.#reserve(ENTRY_BYTES);
    const view = this.#view;
    const at = this.#used;
    view.setUint32(at, kind | (flag << 8), true);
    view.setUint32(at + ENTRY.a, a, true);
    view.setUint32(at + ENTRY.b, b, true);
    view.setUint32(at + ENTRY.length, 0, true);
    view.setUint32(at + ENTRY.checksum, 0, true);
    view.setUint32(at + ENTRY.d, d, true);
    view.setFloat64(at + ENTRY.c, c, true);
    view.setFloat64(at + ENTRY.e, e, true);
    this.#entryAt = at;
    this.#entries++;
    this.#used += ENTRY_BYTES;
  }

  /** Bytes of the entry just added that a restart needs. */
  inline(bytes: Uint8Array): void {
    const at = this.#entryAt + ENTRY.length;
    this.#view.setUint32(at, this.#view.getUint32(at, true) + bytes.length, true);
    this.#inline.push(bytes);
  }

  /** Bytes of the entry just added that are read when they are asked for. */
  payload(bytes: Uint8Array): void {
    this.located(bytes.length, zlib.crc32(bytes));
    this.#payload.push(bytes);
    this.#payloadBytes += bytes.length;
  }

  /** Length and checksum of payload that lies in another frame. */
  located(length: number, checksum: number): void {
    this.#view.setUint32(this.#entryAt + ENTRY.length, length, true);
    this.#view.setUint32(this.#entryAt + ENTRY.checksum, checksum, true);
  }

  /** Completes the frame. */
  finish(): void {
    for (const bytes of this.#inline) this.#copy(bytes);
    this.#pad(this.#used - this.#frameAt);
    const directoryEnd = this.#used;
    const payloadBytes = roundUp(this.#payloadBytes);
    const header = this.#frameAt;
    this.#view.setUint32(header + FRAME.directoryBytes, directoryEnd - header - FRAME_HEADER_BYTES, true);
    this.#view.setUint32(header + FRAME.entries, this.#entries, true);
    this.#view.setUint32(header + FRAME.payloadBytes, payloadBytes, true);
    const covered = this.#bytes.subarray(header + FRAME.directoryBytes, directoryEnd);
    this.#view.setUint32(header + FRAME.checksum, zlib.crc32(covered), true);
    for (const bytes of this.#payload) {
      if (bytes.length < COPY_BELOW) this.#copy(bytes);
      else this.#writeFrom(bytes);
    }
    this.#pad(this.#payloadBytes);
    this.#payload = [];
    this.#inline = [];
  }

  /** All bytes of the group, in order. */
  pieces(): Uint8Array[] {
    this.#endPiece();
    return this.#pieces.map((piece) => (piece instanceof Uint8Array ? piece : this.#bytes.subarray(piece[0], piece[1])));
  }

  #writeFrom(bytes: Uint8Array): void {
    this.#endPiece();
    this.#pieces.push(bytes);
    this.#outside += bytes.length;
  }

  #endPiece(): void {
    if (this.#used > this.#pieceFrom) this.#pieces.push([this.#pieceFrom, this.#used]);
    this.#pieceFrom = this.#used;
  }

  #copy(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #pad(length: number): void {
    const missing = roundUp(length) - length;
    this.#copy(missing === 0 ? NO_BYTES : PADDING.subarray(0, missing));
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + bytes));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
