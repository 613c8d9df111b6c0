import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import type { Node, SourceNode } from "../graph/nodes.ts";
import { collectionOf } from "../graph/refs.ts";
import { writtenBy } from "./app-graph.ts";

/** A source of one of the workflows. */
interface Place {
  readonly workflow: Workflow;
  readonly node: Node;
  readonly spec: SourceNode;
}

/**
 * Throws MILLRACE_GRAPH where workflows read what they write, directly or through each other, and nobody
 * said with what delay, as each would wait for what it is about to write; or where what they wrote comes
 * back as a stream, whose time nothing else brings on. `isBound` says which topics are read from somewhere else.
 */
export function refuseLoops(workflows: readonly Workflow[], isBound: (topic: string) => boolean): void {
  const places = workflows.flatMap((workflow) => workflow.nodes.flatMap((node): Place[] => (node.spec.kind === "source" ? [{ workflow, node, spec: node.spec }] : [])));
  const undeclared = findLoop(places, ({ spec }) => spec.delay === 0 && !isBound(spec.topic.name), () => true);
  if (undeclared !== undefined) throw refused(undeclared, `Say after how much event time what is written is read, at one of these places: flow.from(${shown(undeclared[0])}, { delay: "10s" })`);
  const streamed = findLoop(places, ({ spec }) => !isBound(spec.topic.name), isStream);
  if (streamed !== undefined) throw refused(streamed, "What was written can come back as a table, which the stream waits for: .enrich(flow.table(...), ...)");
}

/** Sources each of which reads what comes of the one before, the first what comes of the last. Undefined without any. */
function findLoop(places: readonly Place[], isRead: (place: Place) => boolean, isFollowed: (node: Node, input: number) => boolean): readonly Place[] | undefined {
  const done = new Set<Node>();
  const follow = (place: Place, path: readonly Place[]): readonly Place[] | undefined => {
    const at = path.findIndex(({ node }) => node === place.node);
    if (at >= 0) return path.slice(at);
    if (done.has(place.node)) return undefined;
    const written = writtenFrom(place, isFollowed);
    for (const next of places) {
      const loop = written.has(next.spec.topic.name) && isRead(next) ? follow(next, [...path, place]) : undefined;
      if (loop !== undefined) return loop;
    }
    done.add(place.node);
    return undefined;
  };
  for (const place of places) {
    const loop = follow(place, []);
    if (loop !== undefined) return loop;
  }
  return undefined;
}

/** The topics and change logs that a source's rows come to, through the inputs that are followed. */
function writtenFrom({ workflow: { nodes }, node: source }: Place, isFollowed: (node: Node, input: number) => boolean): Set<string> {
  const reached = new Set([source.index]);
  const written = new Set<string>();
  for (const node of nodes) {
    if (!node.inputs.some((input, at) => reached.has(input.node) && isFollowed(node, at))) continue;
    reached.add(node.index);
    const name = node.spec.kind === "sink" ? writtenBy(node.spec.target) : undefined;
    if (name !== undefined) written.add(name);
  }
  return written;
}

/** Whether what comes in at an input gives something by itself, as the rows of a table do not. */
function isStream({ spec }: Node, input: number): boolean {
  return input === 0 || (spec.kind !== "enrich" && spec.kind !== "lookup");
}

function refused(loop: readonly Place[], remedy: string): MillraceError {
  const steps = loop.map((place, i) => `${place.workflow.name} reads ${shown(place)} and writes ${shown(loop[(i + 1) % loop.length])}`);
  return new MillraceError("MILLRACE_GRAPH", `workflows ${[...new Set(loop.map(({ workflow }) => workflow.name))].join(", ")}`, `they make a loop: ${steps.join("; ")}. ${remedy}`);
}

function shown({ spec }: Place): string {
  const collection = collectionOf(spec.topic.name);
  return collection === undefined ? `topic ${spec.topic.name}` : `collection ${collection}`;
}
