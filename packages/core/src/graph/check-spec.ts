import { MillraceError } from "../errors.ts";
import { checkClosure, shown } from "./check-closure.ts";
import type { NodeSpec } from "./nodes.ts";

/** The functions that operators call for each element, by the name that they have in a node. */
const CLOSURES: ReadonlySet<string> = new Set(["map", "filter", "flatMap", "key", "reduce", "enrich", "by", "time"]);

/**
 * Checks what types check, for programs without: that a node's functions are functions, and not async
 * ones, and that what is read and written is a topic, a collection or a sink. Throws MILLRACE_USAGE.
 */
export function checkSpec(spec: NodeSpec, where: string): void {
  if (spec.kind === "sink") checkTarget(spec.target, `${where}: to`);
  for (const [name, value] of Object.entries(spec)) {
    if (CLOSURES.has(name) && value !== undefined) checkClosure(value, `${where}: ${spec.kind}${name === spec.kind ? "" : `, ${name}`}`);
  }
  if (spec.kind === "branch") for (const [i, branch] of spec.branches.entries()) checkClosure(branch, `${where}: branch ${spec.names[i] ?? ""}`);
}

/** Throws MILLRACE_USAGE unless the value was made by topic() or collection(). */
export function checkSource(value: unknown, where: string): void {
  const kind = kindOf(value);
  if (kind === "topic" || kind === "collection") return;
  throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(value)}; give it a topic: topic("NAME", { schema }), or a collection("NAME", { key })`);
}

function checkTarget(value: unknown, where: string): void {
  const kind = kindOf(value);
  if (kind === "topic" || kind === "collection" || kind === "sink") return;
  throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(value)}; give it a topic("NAME"), a collection("NAME", { key }) or a sink("NAME", …)`);
}

function kindOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
}
