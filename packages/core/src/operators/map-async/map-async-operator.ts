import type { Batch } from "../../contracts/batch.ts";
import { RESULTS, type MapAsyncNode } from "../../graph/nodes.ts";
import { BatchBuilder, single } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import { StepAbandoned } from "../stopping.ts";
import { callWithRetries } from "./attempts.ts";
import type { Call } from "./call.ts";
import { CallKeys } from "./idempotency.ts";

/** An element whose call is to be made, under way, or answered. */
interface Element {
  readonly value: unknown;
  readonly time: number;
  readonly stamp: number;
  readonly kind: number;
  readonly key: string;
  outcome: { readonly result: unknown } | { readonly error: unknown } | undefined;
}

/**
 * Calls a function outside for each row, at most `concurrency` at a time, and holds its watermark
 * back until all are answered. Calls start as rows come and are waited for in `settle`, so that a
 * step is committed with the answers of its own rows; only those that were committed count.
 */
export class MapAsyncOperator implements Operator {
  readonly tables = [];
  readonly #node: MapAsyncNode;
  readonly #context: OperatorContext;
  readonly #call: (value: unknown, call: Call) => unknown;
  readonly #keys: CallKeys;
  /** In the order in which they came. */
  #elements: Element[] = [];
  /** In the order in which they were answered. */
  #answered: Element[] = [];
  /** How many of `#elements` have been started. */
  #started = 0;
  #running = 0;
  #settled: (() => void) | undefined;

  constructor(node: MapAsyncNode, context: OperatorContext) {
    this.#node = node;
    this.#context = context;
    this.#call = node.call as (value: unknown, call: Call) => unknown;
    this.#keys = new CallKeys(context.address, node.identity);
  }

  process(_input: number, batch: Batch): void {
    forEachRow(batch, this.#context, (at) => {
      const value = batch.rows.get(at);
      const time = batch.times[at];
      this.#elements.push({ value, time, stamp: batch.stamps[at], kind: batch.kinds?.[at] ?? 0, key: this.#keys.of(value, time), outcome: undefined });
    });
    this.#startNext();
  }

  advance(): void {}

  holdsBack(): boolean {
    return this.#elements.length > 0;
  }

  saturated(): boolean {
    return this.#elements.length - this.#answered.length > this.#node.concurrency;
  }

  async settle(): Promise<void> {
    while (this.#answered.length < this.#elements.length) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    const elements = this.#node.ordered ? this.#elements : this.#answered;
    this.#elements = [];
    this.#answered = [];
    this.#started = 0;
    const out = new BatchBuilder();
    for (const { outcome, value, time, stamp, kind } of elements) {
      if (outcome === undefined) continue;
      if ("error" in outcome && outcome.error instanceof StepAbandoned) throw outcome.error;
      if ("error" in outcome) this.#context.fail(single(value, time, stamp), 0, outcome.error);
      else out.add(outcome.result, time, stamp, kind);
    }
    if (out.count > 0) this.#context.emit(RESULTS, out.take());
  }

  #startNext(): void {
    while (this.#running < this.#node.concurrency && this.#started < this.#elements.length) {
      const element = this.#elements[this.#started++];
      this.#running++;
      void this.#answer(element);
    }
  }

  /** Never rejects. */
  async #answer(element: Element): Promise<void> {
    const { value, key } = element;
    try {
      element.outcome = { result: await callWithRetries((signal, attempt) => this.#call(value, { signal, key, attempt }), this.#node, key, this.#context) };
    } catch (error) {
      element.outcome = { error };
    }
    this.#answered.push(element);
    this.#running--;
    this.#startNext();
    if (this.#answered.length === this.#elements.length) this.#settled?.();
  }
}
