import type { Workflow } from "../graph/graph.ts";
import { partitionId, type Plan } from "./plan.ts";

/** By source operator of a plan: no stamp still to come from its active splits is below; IDLE: none is active; Infinity: all have ended. */
export type SplitTimes = ReadonlyMap<number, number>;

/** Later than all event times, and before the end. */
export const IDLE = Number.MAX_VALUE;

/** What a partition tells of the splits that it reads. */
export interface SplitReport {
  readonly times: SplitTimes;
  /** Whether it has only idle splits of a source, whose time is then that of other partitions' splits. */
  readonly follows: boolean;
  /** Whether the partition was just opened, and knows nothing of the others. */
  readonly opened: boolean;
}

interface Reader {
  readonly id: string;
  readonly siblings: readonly Reader[];
  times: Map<number, number>;
  follows: boolean;
  told: SplitTimes | undefined;
}

/**
 * Lets partitions with idle splits know how far active splits of other partitions are, so that they
 * can promise as much. Nothing rests on what is told here coming soon, in order or at all: a promise
 * is made by the partition itself, and committed with its watermarks.
 */
export class SplitTimeBoard {
  readonly #readers = new Map<string, Reader>();
  readonly #follow: (partition: string, times: SplitTimes) => void;

  /** Calls `follow` with what other partitions' splits have come to, for partitions that want to know. */
  constructor(plans: readonly Plan[], follow: (partition: string, times: SplitTimes) => void) {
    this.#follow = follow;
    for (const plan of plans) {
      const siblings: Reader[] = [];
      for (const stage of plan.stages) {
        const sources = stage.operators.filter((operator) => plan.operators[operator].node.spec.kind === "source");
        for (let index = 0; index < (sources.length === 0 ? 0 : stage.partitions); index++) {
          // Until it has told, a partition holds all others back.
          const times = new Map(sources.map((operator) => [operator, -Infinity]));
          siblings.push({ id: partitionId(plan, stage, index), siblings, times, follows: false, told: undefined });
        }
      }
      for (const reader of siblings) this.#readers.set(reader.id, reader);
    }
  }

  report(partition: string, { times, follows, opened }: SplitReport): void {
    const reader = this.#readers.get(partition);
    if (reader === undefined) return;
    reader.times = new Map(times);
    reader.follows = follows;
    if (opened) reader.told = undefined;
    for (const sibling of reader.siblings) if (sibling.follows) this.#tell(sibling);
  }

  #tell(reader: Reader): void {
    const times = new Map<number, number>();
    for (const sibling of reader.siblings) {
      for (const [operator, time] of sibling.times) {
        const least = times.get(operator) ?? Infinity;
        times.set(operator, sibling === reader ? least : Math.min(least, time));
      }
    }
    if (reader.told !== undefined && isSame(reader.told, times)) return;
    reader.told = times;
    this.#follow(reader.id, times);
  }
}

/**
 * By source operator: the sources of the plan whose atoms may meet its own in some operator, itself among
 * them. What comes back by a loop is left out: its time follows from that of the others.
 */
export function meetingSources(plan: Plan): ReadonlyMap<number, readonly number[]> {
  const component = componentsOf(plan.workflow);
  const sources = plan.operators.filter(({ node }) => node.spec.kind === "source");
  const leading = sources.filter(({ node: { spec } }) => spec.kind === "source" && spec.delay === 0);
  return new Map(
    sources.map(({ index, node }) => [index, leading.filter((other) => component[other.node.index] === component[node.index]).map((other) => other.index)]),
  );
}

/** How many partitions of a plan read sources. */
export function readingPartitions(plan: Plan): number {
  const reading = plan.stages.filter(({ operators }) => operators.some((operator) => plan.operators[operator].node.spec.kind === "source"));
  return reading.reduce((all, { partitions }) => all + partitions, 0);
}

export function isSame(a: SplitTimes, b: SplitTimes): boolean {
  return a.size === b.size && [...a].every(([operator, time]) => b.get(operator) === time);
}

/** By node: a number that nodes share which are connected. */
function componentsOf({ nodes }: Workflow): number[] {
  const component = nodes.map((_, index) => index);
  for (const { index, inputs } of nodes) {
    for (const { node } of inputs) {
      const [from, to] = [component[node], component[index]];
      if (from !== to) component.forEach((of, at) => void (of === to && (component[at] = from)));
    }
  }
  return component;
}
