import type { KeyTable } from "../../codec/key-table.ts";

/**
 * The keys of one keyed stream in one partition, shared by all operators that follow the same keyBy.
 * State that is kept under a key holds a reference to its slot; keys that nothing refers to are
 * forgotten between steps once they are many.
 */
export class KeySpace {
  readonly table: KeyTable;
  readonly #keyGroups: number;
  #references = new Int32Array(1024);
  #retained = 0;
  /** By slot: the place of its key among the live ones, as long as none is added (`live`) or released (`generation`). */
  #ranks = new Int32Array(0);
  #rankedLive = -1;
  #rankedGeneration = -1;

  constructor(table: KeyTable, keyGroups: number) {
    this.table = table;
    this.#keyGroups = keyGroups;
  }

  group(slot: number): number {
    return this.table.hash(slot) % this.#keyGroups;
  }

  /** Sorts rows by the bytes of their keys: within a kind of key, in the order of the keys. */
  sortRows(rows: number[], slots: Int32Array): number[] {
    const { table } = this;
    if (rows.length < 2) return rows;
    if (this.#rankedLive !== table.live || this.#rankedGeneration !== table.generation) {
      // Ranks of all keys are worth making where most of them are asked for: the next window finds them made.
      if (rows.length * 4 < table.live) return rows.sort((a, b) => this.compare(slots[a], slots[b]));
      this.#rankKeys();
    }
    const ranks = this.#ranks;
    const rowOfRank = new Int32Array(table.live);
    for (const row of rows) rowOfRank[ranks[slots[row]]] = row + 1;
    let count = 0;
    for (let rank = 0; rank < rowOfRank.length; rank++) if (rowOfRank[rank] > 0) rows[count++] = rowOfRank[rank] - 1;
    return rows;
  }

  /** Order of two keys by their bytes. */
  compare(a: number, b: number): number {
    const { table } = this;
    const { bytes } = table;
    let i = table.start(a);
    let j = table.start(b);
    const endA = table.end(a);
    const endB = table.end(b);
    for (; i < endA && j < endB; i++, j++) if (bytes[i] !== bytes[j]) return bytes[i] - bytes[j];
    return endA - i - (endB - j);
  }

  retain(slot: number): void {
    if (slot >= this.#references.length) {
      const wider = new Int32Array(Math.max(slot + 1, this.#references.length * 2));
      wider.set(this.#references);
      this.#references = wider;
    }
    if (this.#references[slot]++ === 0) this.#retained++;
  }

  release(slot: number): void {
    if (--this.#references[slot] === 0) this.#retained--;
  }

  /** Forgets unreferenced keys where they outnumber the others; called between steps, when no batch is alive. */
  sweep(): void {
    const { table } = this;
    if (table.live < 65_536 || table.live < 2 * this.#retained) return;
    if (this.#retained === 0) {
      table.clear();
      return;
    }
    const { size } = table;
    for (let slot = 0; slot < size; slot++) {
      if (table.isLive(slot) && (slot >= this.#references.length || this.#references[slot] === 0)) table.release(slot);
    }
  }

  #rankKeys(): void {
    const { table } = this;
    const live: number[] = [];
    for (let slot = 0; slot < table.size; slot++) if (table.isLive(slot)) live.push(slot);
    live.sort((a, b) => this.compare(a, b));
    this.#ranks = new Int32Array(table.size);
    for (let rank = 0; rank < live.length; rank++) this.#ranks[live[rank]] = rank;
    this.#rankedLive = table.live;
    this.#rankedGeneration = table.generation;
  }
}
