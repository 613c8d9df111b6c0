import type { Failure } from "../search.ts";
import { mayBeAnElement } from "./restarts.ts";

/** From this many failures in a row on, a partition looks for the element that makes it fail; what a search commits meanwhile does not count. */
const SUSPECT_AFTER = 2;

/** In so many pieces, each committed, a search tries what failed: a failure after more of them is another matter. */
const PIECES = 8;

/** Failures of partitions in a row, without a commit between them. */
export class Failures {
  readonly #counts = new Map<string, number>();
  /** Partitions in which an element is looked for, and how many more commits one failure is enough for to go on with that. */
  readonly #searched = new Map<string, number>();
  /** How many of them an element may have caused, and how the last one went. */
  readonly #suspicions = new Map<string, { readonly times: number; readonly failure: Failure }>();

  /** Of partitions that have any. */
  get inARow(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** One more; gives how many there are now. */
  count(partition: string, reason: unknown): number {
    const failures = (this.#counts.get(partition) ?? 0) + 1;
    this.#counts.set(partition, failures);
    if (mayBeAnElement(reason)) {
      this.#suspicions.set(partition, { times: (this.#suspicions.get(partition)?.times ?? 0) + 1, failure: describe(reason) });
    }
    return failures;
  }

  /** How a partition failed, where an element is suspected of it. */
  suspected(partition: string): Failure | undefined {
    const suspicion = this.#suspicions.get(partition);
    if (suspicion === undefined || (suspicion.times < SUSPECT_AFTER && !this.#searched.has(partition))) return undefined;
    this.#searched.set(partition, PIECES);
    return suspicion.failure;
  }

  /** A commit was applied. */
  forget(partition: string): void {
    const left = this.#searched.get(partition);
    if (left !== undefined && left > 1) this.#searched.set(partition, left - 1);
    else if (left !== undefined) this.#searched.delete(partition);
    if (this.#counts.size === 0) return;
    this.#counts.delete(partition);
    this.#suspicions.delete(partition);
  }
}

export function describe(reason: unknown): Failure {
  return reason instanceof Error ? { reason: reason.message, stack: reason.stack } : { reason: String(reason), stack: undefined };
}
