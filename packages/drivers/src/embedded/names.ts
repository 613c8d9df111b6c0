import { invariant } from "@millrace/core/internal";

/** Named things with dense numbers, which stand for the names in the log. */
export class Names<T> implements Iterable<T> {
  readonly #byName = new Map<string, T>();
  readonly #byId: T[] = [];

  get size(): number {
    return this.#byId.length;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  at(id: number): T {
    invariant(id < this.#byId.length, "ledger log", `an entry refers to name ${id}, which was not given.`);
    return this.#byId[id];
  }

  add(name: string, create: (id: number, name: string) => T): T {
    const created = create(this.#byId.length, name);
    this.#byId.push(created);
    this.#byName.set(name, created);
    return created;
  }

  /** Adds what a name entry says; one that is there already stays. */
  put(id: number, name: string, create: (id: number, name: string) => T): void {
    if (this.#byName.has(name)) return;
    invariant(id === this.#byId.length, "ledger log", `name ${name} has number ${id} where ${this.#byId.length} is next.`);
    this.add(name, create);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#byId[Symbol.iterator]();
  }
}
