import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { StateTable } from "../state/table.ts";

/** How what is kept of a row is named and written. */
export interface LatestForm<V> {
  readonly name: string;
  readonly format: string;
  encode(kept: V, writer: ByteWriter): void;
  decode(reader: ByteReader): V;
}

/** The rows themselves. */
export const WHOLE_ROWS: LatestForm<unknown> = { name: "rows", format: "latest-rows-1", encode: encodeValue, decode: decodeValue };

/**
 * What is kept of the latest row of each identity, by the end of its window; never undefined. All of
 * it belongs to key group 0: what is computed over the rows of all keys has one partition.
 */
export class LatestRows<V> implements StateTable {
  readonly #form: LatestForm<V>;
  readonly #windows = new Map<number, Map<string, V>>();
  readonly #changed = new Map<number, Set<string>>();

  constructor(form: LatestForm<V>) {
    this.#form = form;
  }

  get name(): string {
    return this.#form.name;
  }

  get format(): string {
    return this.#form.format;
  }

  ends(): number[] {
    return [...this.#windows.keys()];
  }

  /** What is kept by identity; undefined where the window has nothing. */
  at(end: number): ReadonlyMap<string, V> | undefined {
    return this.#windows.get(end);
  }

  set(end: number, identity: string, kept: V): void {
    const window = this.#windows.get(end);
    if (window === undefined) this.#windows.set(end, new Map([[identity, kept]]));
    else window.set(identity, kept);
    this.#mark(end, identity);
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

  full(group: number): Uint8Array | undefined {
    if (group !== 0 || this.#windows.size === 0) return undefined;
    const writer = new ByteWriter();
    for (const [end, window] of this.#windows) this.#encode(end, window.keys(), writer);
    return writer.take();
  }

  load(_group: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) {
      const end = reader.f64();
      const identity = reader.string();
      if (reader.u8() === 0) this.#windows.get(end)?.delete(identity);
      else this.set(end, identity, this.#form.decode(reader));
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
      const kept = this.#windows.get(end)?.get(identity);
      writer.f64(end);
      writer.string(identity);
      writer.u8(kept === undefined ? 0 : 1);
      if (kept !== undefined) this.#form.encode(kept, writer);
    }
  }
}
