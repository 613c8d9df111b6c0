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

/** What of an operator's options is data: closures, schemas and objects of classes are left out. */
function shapeOf(spec: object): string {
  return JSON.stringify(spec, (name, value: unknown) => {
    if (name === "schema") return undefined;
    if (typeof value === "number" || typeof value === "bigint") return String(value);
    return isData(value) ? value : undefined;
  });
}

function isData(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
