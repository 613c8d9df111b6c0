import { signature } from "../../graph/graph.ts";
import { partitionId, type Plan } from "../plan.ts";

/**
 * A text that two places share exactly when they planned the same graph: operators with their paths,
 * where their keys and changes come from, and the partitions that were made of them. Closures are not
 * part of it.
 */
export function fingerprint(plan: Plan): string {
  const nodes = plan.workflow.nodes.map((node) => [node.id, signature(plan.workflow, node), node.keyed, node.mode, shapeOf(node.spec)]);
  const stages = plan.stages.map((stage) => [partitionId(plan, stage, 0), stage.distribution, stage.operators]);
  const exchanges = plan.exchanges.map(({ id, kind, from, to, keyBy }) => [id, kind, from, to, keyBy ?? null]);
  return JSON.stringify([plan.workflow.name, nodes, stages, exchanges]);
}

/** What of an operator's options is data. */
function shapeOf(spec: object): string {
  return JSON.stringify(spec, (_name, value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value));
}
