import { ObjectRows } from "../codec/formats/struct-rows.ts";
import type { Batch } from "../contracts/batch.ts";
import type { MalformedRow } from "../contracts/source.ts";
import { rowAt } from "../operators/batches.ts";
import { checkStorable } from "../operators/state/storable.ts";
import type { Plan, PlannedOperator } from "./plan.ts";
import type { Failure } from "./search.ts";

/** Gathers a step's dead letters: what was malformed, what failed in user code, and what was given up. */
export class DeadLetters {
  readonly #plan: Plan;
  readonly #counted: () => void;
  readonly #letters = new Map<string, unknown[]>();

  /** Calls `counted` for each letter. */
  constructor(plan: Plan, counted: () => void) {
    this.#plan = plan;
    this.#counted = counted;
  }

  malformed(topic: string, row: MalformedRow): void {
    this.#add(topic, { ...row, topic });
  }

  /** A row failed in an operator's user code. */
  failed(operator: PlannedOperator, batch: Batch, row: number, error: unknown): void {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    this.#failed(operator, batch, row, { reason: message, stack });
  }

  /** Rows that made their partition fail whenever they were tried. */
  givenUp(operator: PlannedOperator, batch: Batch, failure: Failure): void {
    for (let i = 0; i < batch.count; i++) this.#failed(operator, batch, rowAt(batch, i), failure);
  }

  /** The letters by topic, as batches; none are left here. */
  take(now: number): { readonly topic: string; readonly batch: Batch }[] {
    const taken = [...this.#letters].map(([topic, values]) => ({ topic: `${topic}.dead`, batch: batchOf(values, now) }));
    this.#letters.clear();
    return taken;
  }

  #failed(operator: PlannedOperator, batch: Batch, row: number, { reason, stack }: Failure): void {
    const topic = this.#sourceOf(operator);
    this.#add(topic, { topic, operator: operator.node.id, reason, stack, value: storable(batch.rows.get(row)), time: batch.times[row] });
  }

  #add(topic: string, letter: Readonly<Record<string, unknown>>): void {
    this.#counted();
    const letters = this.#letters.get(topic);
    if (letters === undefined) this.#letters.set(topic, [letter]);
    else letters.push(letter);
  }

  /** The topic that an operator's rows come from in the end: whose dead letters they are. */
  #sourceOf(operator: PlannedOperator): string {
    let { node } = operator;
    while (node.inputs.length > 0) node = this.#plan.workflow.nodes[node.inputs[0].node];
    return node.spec.kind === "source" ? (node.spec.collection ?? node.spec.topic).name : this.#plan.workflow.name;
  }
}

/** The value, or a text of it where it cannot be stored: that may be why it failed. */
function storable(value: unknown): unknown {
  try {
    checkStorable(value);
    return value;
  } catch {
    return describe(value);
  }
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}

function batchOf(values: readonly unknown[], now: number): Batch {
  const times = new Float64Array(values.length).fill(now);
  return { count: values.length, selection: undefined, rows: new ObjectRows(values), times, stamps: times, kinds: undefined, keys: undefined };
}
