/** Tells operators that wait for the outside without end that their partition is to stop. */
export class Stopping {
  readonly #callbacks = new Set<() => void>();
  #begun = false;

  get begun(): boolean {
    return this.#begun;
  }

  begin(): void {
    this.#begun = true;
    for (const callback of [...this.#callbacks]) callback();
  }

  /** Calls back once it begins; the result ends that. */
  onBegin(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }
}

/** A step was given up as its partition stops: nothing of it is committed, and its rows are taken in again. */
export class StepAbandoned extends Error {
  override readonly name = "StepAbandoned";
}
