import { MillraceError } from "../errors.ts";
import type { AddNode, Input, Node, NodeSpec } from "./nodes.ts";

/** A graph that is being built. */
export interface Building {
  node(index: number): Node;
  /** The index of a node that is made when it is first asked for. */
  once(name: string, make: () => number): number;
  add(node: AddNode): Node;
}

/** Each of these deals with a row on its own, so it does the same with what the row was. */
const STATELESS: ReadonlySet<NodeSpec["kind"]> = new Set<NodeSpec["kind"]>(["map", "filter", "flat-map", "branch", "merge", "key-by"]);

/**
 * The same rows as changes that can be taken back: the way from their source once more, with the rows as they
 * were before each change. Throws MILLRACE_GRAPH, naming what is in the way, where there is none.
 */
export function retracting(builder: Building, input: Input, what: string): Input {
  const node = builder.node(input.node);
  return { node: builder.once(`retracting ${node.index}`, () => (node.spec.kind === "source" ? changesOf(builder, node, what) : again(builder, node, what))), port: input.port };
}

function again(builder: Building, { id, inputs, spec, keyed }: Node, what: string): number {
  if (!STATELESS.has(spec.kind)) {
    throw new MillraceError("MILLRACE_GRAPH", what, `its input is updated by operator ${id}, and what was added cannot be taken back; put this before it, use perWindow(), or write the updates to a collection and read them from there`);
  }
  const from = inputs.map((input) => retracting(builder, input, what));
  return builder.add({ id: `${id}.changes`, inputs: from, spec, keyed, mode: "retract" }).index;
}

/** What a source says of its rows, with what they were before. */
function changesOf(builder: Building, { id, index, spec, mode }: Node, what: string): number {
  if (spec.kind !== "source" || mode === "append") return index;
  const key = spec.collection?.key ?? spec.topic.key;
  if (key === undefined) {
    throw new MillraceError("MILLRACE_GRAPH", what, `its input is the changes of topic ${spec.topic.name}, of which nothing says which rows they are of; give the topic a key`);
  }
  const keyed = builder.add({ id: `${id}.rows`, inputs: [{ node: index, port: 0 }], spec: { kind: "key-by", key: key }, keyed: true, mode });
  return builder.add({ id: `${id}.changes`, inputs: [{ node: keyed.index, port: 0 }], spec: { kind: "changes" }, keyed: true, mode: "retract" }).index;
}

/** The nodes without those that deal with rows and give them to nobody, numbered anew. */
export function withoutUnused(nodes: readonly Node[]): readonly Node[] {
  const used = new Set<number>();
  const kept = nodes.toReversed().filter(({ index, inputs, spec }) => {
    if (STATELESS.has(spec.kind) && !used.has(index)) return false;
    for (const { node } of inputs) used.add(node);
    return true;
  });
  const place = new Map(kept.toReversed().map(({ index }, at) => [index, at]));
  const at = (node: number): number => place.get(node) ?? node;
  return kept.toReversed().map((node) => ({ ...node, index: at(node.index), inputs: node.inputs.map(({ node: from, port }) => ({ node: at(from), port })) }));
}
