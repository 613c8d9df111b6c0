import { MillraceError } from "../errors.ts";

export interface TopItem<T, K> {
  readonly score: number;
  readonly key: K;
  readonly item: T;
}

/**
 * The k items with the highest scores, equal scores by ascending key; which of two items with equal
 * score and equal key stays is not defined. Mergeable: the top k of parts hold the top k of the whole.
 * For the lowest scores, negate them. Encoding is the caller's: `items()` holds all there is.
 */
export class TopK<T, K = string> {
  readonly k: number;
  readonly #compareKeys: (a: K, b: K) => number;
  readonly #heap: TopItem<T, K>[] = [];

  /** `compareKeys` defaults to the order of `<`: numbers by value, strings by UTF-16 code units. */
  constructor(k: number, compareKeys: (a: K, b: K) => number = compareByLess) {
    if (!Number.isSafeInteger(k) || k < 1) throw new MillraceError("MILLRACE_USAGE", "top-k", `k is ${k}; it has to be a positive integer`);
    this.k = k;
    this.#compareKeys = compareKeys;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Says whether the item was taken. Throws MILLRACE_SCHEMA for a score of NaN. */
  offer(score: number, key: K, item: T): boolean {
    if (score !== score) throw new MillraceError("MILLRACE_SCHEMA", "top-k", "a score of NaN has no rank; filter it out or map it to a number");
    const heap = this.#heap;
    if (heap.length < this.k) {
      heap.push({ score, key, item });
      this.#siftUp(heap.length - 1);
      return true;
    }
    const worst = heap[0];
    if (score < worst.score || (score === worst.score && this.#compareKeys(key, worst.key) >= 0)) return false;
    heap[0] = { score, key, item };
    this.#siftDown();
    return true;
  }

  /** Offers all that `other` holds, which stays as it is. */
  merge(other: TopK<T, K>): void {
    for (const { score, key, item } of other === this ? other.items() : other.#heap) this.offer(score, key, item);
  }

  /** Best first. */
  items(): TopItem<T, K>[] {
    return this.#heap.toSorted((a, b) => (this.#isWorse(b, a) ? -1 : this.#isWorse(a, b) ? 1 : 0));
  }

  #isWorse(a: TopItem<T, K>, b: TopItem<T, K>): boolean {
    return a.score < b.score || (a.score === b.score && this.#compareKeys(a.key, b.key) > 0);
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    const moving = heap[start];
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(moving, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = moving;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const moving = heap[0];
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#isWorse(heap[child + 1], heap[child])) child++;
      if (!this.#isWorse(heap[child], moving)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moving;
  }
}

function compareByLess<K>(a: K, b: K): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
