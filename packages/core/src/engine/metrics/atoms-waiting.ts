import type { Topics } from "../../contracts/topics.ts";
import { sourceName } from "../lanes.ts";
import type { Plan, Stage } from "../plan.ts";
import type { Progress } from "../progress.ts";

/** Where topics of the store end, and which topics are read from elsewhere. */
export interface StoredTopics {
  readonly topics: Pick<Topics, "range">;
  /** Whether a topic is read from outside the store. */
  readonly isBound: (topic: string) => boolean;
}

/** Atoms in the store's topics that a partition has not taken in. A topic's partitions are dealt out to those of the stage. */
export async function atomsWaiting({ topics, isBound }: StoredTopics, plan: Plan, stage: Stage, partition: number, { lanes }: Progress): Promise<number> {
  let atoms = 0;
  for (const operator of stage.operators) {
    const { spec } = plan.operators[operator].node;
    if (spec.kind !== "source" || isBound(spec.topic.name)) continue;
    const name = sourceName(plan, operator);
    for (let split = partition; split < spec.topic.partitions; split += stage.partitions) {
      const { start, end } = await topics.range(spec.topic.name, split);
      const next = lanes.find((lane) => lane.split === `${name}${split}`)?.next ?? 0;
      atoms += Math.max(0, end - Math.max(start, next));
    }
  }
  return atoms;
}
