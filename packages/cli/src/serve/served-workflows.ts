import { MillraceError, type Workflow } from "@millrace/core";
import type { Plan } from "@millrace/core/internal";
import type { WorkflowsPort } from "@millrace/server";
import { shapeOf } from "../plan/shape.ts";

export function servedWorkflows(plans: readonly Plan[]): WorkflowsPort {
  const byName = new Map(plans.map((plan) => [plan.workflow.name, plan]).toSorted(([a], [b]) => (a < b ? -1 : 1)) as [string, Plan][]);
  return {
    list: () =>
      [...byName].map(([name, { workflow, stages, operators }]) => ({
        name,
        stages: stages.length,
        operators: operators.length,
        reads: unique(workflow.nodes.flatMap(({ spec }) => (spec.kind === "source" ? [spec.topic.name] : []))),
        writes: { topics: written(workflow, "topic"), collections: written(workflow, "collection"), sinks: written(workflow, "sink") },
      })),
    plan: (workflow) => {
      const plan = byName.get(workflow);
      if (plan === undefined) throw new MillraceError("MILLRACE_NOT_FOUND", `workflow ${workflow}`, `does not run here; there are: ${[...byName.keys()].join(", ")}`);
      return shapeOf(plan);
    },
  };
}

/** Names of what a workflow writes of a kind. */
export function written({ nodes }: Workflow, kind: "topic" | "collection" | "sink"): string[] {
  return unique(nodes.flatMap(({ spec }) => (spec.kind === "sink" && spec.target.kind === kind ? [spec.target.name] : [])));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
