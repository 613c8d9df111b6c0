import type { Commit, Ledger } from "../contracts/ledger.ts";
import type { Topics } from "../contracts/topics.ts";
import { writtenBy } from "./app-graph.ts";
import { partitionsOf, type Plan } from "./plan.ts";
import { decodeProgress } from "./progress.ts";

/**
 * How far event time has come in the topics and change logs that workflows write: the least watermark that
 * their writers have committed. It is asked before a range is, so it holds for all that comes after the
 * range's end. Writers' progress says it durably; here it is as of their last commits.
 */
export class WrittenTimes {
  /** By topic, then by partition of the workflow that writes it. */
  readonly #writers = new Map<string, Map<string, number>>();
  readonly #least = new Map<string, number>();
  readonly #plans: readonly Plan[];
  /** Whether what nobody writes any more, or nobody ever wrote, has ended. */
  readonly #bounded: boolean;

  constructor(plans: readonly Plan[], bounded: boolean) {
    this.#plans = plans;
    this.#bounded = bounded;
    for (const { topic, partition } of this.#sinks()) {
      const writers = this.#writers.get(topic);
      if (writers === undefined) this.#writers.set(topic, new Map([[partition, -Infinity]]));
      else writers.set(partition, -Infinity);
      this.#least.set(topic, -Infinity);
    }
  }

  /** Reads how far the writers had come. */
  async load(ledger: Pick<Ledger, "root">): Promise<void> {
    const known = new Map<string, Map<string, number>>();
    for (const { topic, partition, operator } of this.#sinks()) {
      const watermark = decodeProgress(await ledger.root(partition))?.operators.get(operator) ?? -Infinity;
      const times = known.get(partition) ?? new Map<string, number>();
      known.set(partition, times.set(topic, Math.min(times.get(topic) ?? Infinity, watermark)));
    }
    for (const [partition, times] of known) this.#note(partition, times);
  }

  /** Takes note of a commit; gives the topics in which time has come further by it. */
  note({ partition, times }: Commit): readonly string[] {
    return times === undefined ? [] : this.#note(partition, times);
  }

  /** Undefined for a topic that no workflow writes. */
  watermark(topic: string): number | undefined {
    return this.#least.get(topic);
  }

  /** Topics whose ranges say how far time has come in them, and in bounded runs whether they are complete. */
  over(topics: Pick<Topics, "range" | "read">): Pick<Topics, "range" | "read"> {
    return {
      read: (topic, partition, offset, maxBytes) => topics.read(topic, partition, offset, maxBytes),
      range: async (topic, partition) => {
        const watermark = this.watermark(topic);
        const complete = this.#bounded ? { complete: (watermark ?? Infinity) === Infinity } : {};
        return { ...(await topics.range(topic, partition)), ...complete, ...(watermark === undefined ? {} : { watermark }) };
      },
    };
  }

  #note(partition: string, times: ReadonlyMap<string, number>): readonly string[] {
    const risen: string[] = [];
    for (const [topic, watermark] of times) {
      const writers = this.#writers.get(topic);
      if (writers === undefined || !(watermark > (writers.get(partition) ?? Infinity))) continue;
      writers.set(partition, watermark);
      const least = Math.min(...writers.values());
      if (least === this.#least.get(topic)) continue;
      this.#least.set(topic, least);
      risen.push(topic);
    }
    return risen;
  }

  *#sinks(): Iterable<{ readonly topic: string; readonly partition: string; readonly operator: string }> {
    for (const plan of this.#plans) {
      for (const { node, stage } of plan.operators) {
        const topic = node.spec.kind === "sink" ? writtenBy(node.spec.target) : undefined;
        if (topic === undefined) continue;
        for (const partition of partitionsOf(plan, plan.stages[stage])) yield { topic, partition, operator: node.id };
      }
    }
  }
}
