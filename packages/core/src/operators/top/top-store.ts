import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { StateTable } from "../state/table.ts";

/** A row that competes: its score, and what identifies it among the rows of its window. */
export interface Candidate {
  readonly identity: string;
  readonly score: number;
  readonly row: Record<string, unknown>;
}

/** The competing rows of open windows. All of it belongs to key group 0: a ranking has one partition. */
export class TopStore implements StateTable {
  readonly name = "candidates";
  readonly format = "candidates-1";
  readonly #windows = new Map<number, Map<string, Candidate>>();
  readonly #changed = new Map<number, Set<string>>();

  ends(): Iterable<number> {
    return this.#windows.keys();
  }

  at(end: number): Iterable<Candidate> {
    return this.#windows.get(end)?.values() ?? [];
  }

  count(end: number): number {
    return this.#windows.get(end)?.size ?? 0;
  }

  set(end: number, candidate: Candidate): void {
    let window = this.#windows.get(end);
    if (window === undefined) this.#windows.set(end, (window = new Map<string, Candidate>()));
    window.set(candidate.identity, candidate);
    this.#mark(end, candidate.identity);
  }

  delete(end: number, identity: string): void {
    if (this.#windows.get(end)?.delete(identity) === true) this.#mark(end, identity);
  }

  /** Forgets a window; the committed watermark that closed it makes loading forget it too. */
  drop(end: number): void {
    this.#windows.delete(end);
    this.#changed.delete(end);
  }

  changes(emit: (group: number, bytes: Uint8Array) => void): void {
    if (this.#changed.size === 0) return;
    const writer = new ByteWriter();
    for (const [end, identities] of this.#changed) this.#encode(end, identities, writer);
    this.#changed.clear();
    emit(0, writer.take());
  }

  full(_group: number): Uint8Array | undefined {
    const writer = new ByteWriter();
    for (const [end, window] of this.#windows) this.#encode(end, window.keys(), writer);
    return writer.length > 0 ? writer.take() : undefined;
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const end = reader.f64();
      const identity = reader.string();
      if (reader.u8() === 0) {
        this.#windows.get(end)?.delete(identity);
        continue;
      }
      const score = reader.f64();
      this.set(end, { identity, score, row: decodeValue(reader) as Record<string, unknown> });
    }
    this.#changed.clear();
  }

  get size(): number {
    let size = 0;
    for (const window of this.#windows.values()) size += window.size;
    return size;
  }

  get memoryBytes(): number {
    return this.size * 256;
  }

  #mark(end: number, identity: string): void {
    const changed = this.#changed.get(end);
    if (changed === undefined) this.#changed.set(end, new Set([identity]));
    else changed.add(identity);
  }

  #encode(end: number, identities: Iterable<string>, writer: ByteWriter): void {
    for (const identity of identities) {
      const candidate = this.#windows.get(end)?.get(identity);
      writer.f64(end);
      writer.string(identity);
      writer.u8(candidate === undefined ? 0 : 1);
      if (candidate === undefined) continue;
      writer.f64(candidate.score);
      encodeValue(candidate.row, writer);
    }
  }
}
