import { MillraceError } from "../../errors.ts";
import type { JoinNode } from "../../graph/nodes.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import { slicingOf } from "../window/slicing.ts";
import { IntervalJoin } from "./interval-join.ts";
import { WindowJoin } from "./window-join.ts";

/** Throws MILLRACE_GRAPH for windows that depend on the atoms of one side. */
export function joinOperator(node: JoinNode, keys: KeySpace, context: OperatorContext): Operator {
  if (node.on.kind === "interval") return new IntervalJoin(node, node.on, keys, context);
  const slicing = slicingOf([node.on.window]);
  if (slicing === undefined) {
    throw new MillraceError("MILLRACE_GRAPH", context.subject, "a join takes tumbling or sliding windows; for sessions use within({ before, after })");
  }
  return new WindowJoin(node, slicing, keys, context);
}
