import type { Workflow } from "../graph/graph.ts";
import { changeLogOf, type Target } from "../graph/refs.ts";

/** What the workflows of an app have between them: names of topics, and of collections' change logs. */
export interface AppGraph {
  readonly written: ReadonlySet<string>;
  readonly read: ReadonlySet<string>;
}

export function appGraph(workflows: readonly Workflow[]): AppGraph {
  const written = new Set<string>();
  const read = new Set<string>();
  for (const { nodes } of workflows) {
    for (const { spec } of nodes) {
      if (spec.kind === "source") read.add(spec.topic.name);
      const name = spec.kind === "sink" ? writtenBy(spec.target) : undefined;
      if (name !== undefined) written.add(name);
    }
  }
  return { written, read };
}

/** The topic in the store that a sink writes to; undefined where its rows leave Millrace. */
export function writtenBy({ kind, name }: Pick<Target<never>, "kind" | "name">): string | undefined {
  if (kind === "sink") return undefined;
  return kind === "topic" ? name : changeLogOf(name);
}
