/**
 * A direct-mapped cache from JS strings to slots, so that a string seen a moment ago is found by
 * reading six of its characters and one comparison, which is free where it is the same object.
 */
export class RecentStrings {
  readonly #mask: number;
  readonly #keys: string[];
  readonly #slots: Int32Array;

  /** `entries` is a power of two. */
  constructor(entries: number) {
    this.#mask = entries - 1;
    this.#keys = new Array<string>(entries).fill("");
    this.#slots = new Int32Array(entries).fill(-1);
  }

  get memoryBytes(): number {
    return this.#slots.byteLength * 3;
  }

  /** Where a string would lie. */
  place(key: string): number {
    const length = key.length;
    if (length === 0) return 0;
    const last = length - 1;
    const sum =
      length +
      Math.imul(key.charCodeAt(0), 0x85ebca6b) + Math.imul(key.charCodeAt(length >>> 1), 0xc2b2ae35) +
      Math.imul(key.charCodeAt(last), 0x27d4eb2f) + Math.imul(key.charCodeAt(last > 0 ? last - 1 : 0), 0x165667b1) +
      Math.imul(key.charCodeAt(last > 1 ? last - 2 : 0), 0xd3a2646d) + Math.imul(key.charCodeAt(last > 2 ? last - 3 : 0), 0xfd7046c5);
    const mixed = Math.imul(sum ^ (sum >>> 15), 0x9e3779b1);
    return (mixed ^ (mixed >>> 16)) & this.#mask;
  }

  /** The slot of a string if it lies at its place, else -1. */
  get(key: string, place: number): number {
    return this.#keys[place] === key ? this.#slots[place] : -1;
  }

  put(key: string, place: number, slot: number): void {
    this.#keys[place] = key;
    this.#slots[place] = slot;
  }

  /** Forgets a string whose slot is released. */
  forget(key: string): void {
    const place = this.place(key);
    if (this.#keys[place] === key) this.put("", place, -1);
  }
}
