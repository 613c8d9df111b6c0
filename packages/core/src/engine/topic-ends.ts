import type { Topics } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";

/**
 * Where topics end, in a bounded run: once all workflows that write them have taken in their input.
 * So workflows that read what others write come to their end too, one after the other.
 */
export class TopicEnds {
  readonly #writers = new Map<string, Set<string>>();
  readonly #finished = new Set<string>();

  /** Throws MILLRACE_GRAPH where workflows wait for each other's end. */
  constructor(workflows: readonly Workflow[]) {
    for (const workflow of workflows) {
      for (const topic of written(workflow)) {
        const writers = this.#writers.get(topic);
        if (writers === undefined) this.#writers.set(topic, new Set([workflow.name]));
        else writers.add(workflow.name);
      }
    }
    refuseLoops(workflows);
  }

  /** Notes that a workflow has taken in all its input; gives the topics that it writes. */
  finish(workflow: Workflow): readonly string[] {
    this.#finished.add(workflow.name);
    return written(workflow);
  }

  /** Whether nothing will be written to a topic any more. */
  has(topic: string): boolean {
    for (const writer of this.#writers.get(topic) ?? []) if (!this.#finished.has(writer)) return false;
    return true;
  }

  /** Topics whose ranges say when they are complete. */
  over(topics: Pick<Topics, "range" | "read">): Pick<Topics, "range" | "read"> {
    return {
      read: (topic, partition, offset, maxBytes) => topics.read(topic, partition, offset, maxBytes),
      range: async (topic, partition) => {
        // Asked first: what is appended between the two is then still seen.
        const complete = this.has(topic);
        return { ...(await topics.range(topic, partition)), complete };
      },
    };
  }
}

function written({ nodes }: Workflow): string[] {
  return nodes.flatMap(({ spec }) => (spec.kind === "sink" && spec.target.kind === "topic" ? [spec.target.name] : []));
}

function read({ nodes }: Workflow): string[] {
  return nodes.flatMap(({ spec }) => (spec.kind === "source" ? [spec.topic.name] : []));
}

function refuseLoops(workflows: readonly Workflow[]): void {
  const waiting = new Set(workflows);
  for (;;) {
    const open = new Set([...waiting].flatMap(written));
    const next = [...waiting].filter((workflow) => !read(workflow).some((topic) => open.has(topic)));
    if (next.length === 0) break;
    for (const workflow of next) waiting.delete(workflow);
  }
  if (waiting.size === 0) return;
  const names = [...waiting].map(({ name }) => name).join(", ");
  throw new MillraceError("MILLRACE_GRAPH", `workflows ${names}`, "each reads what another writes, so a bounded run of them has no end; run them unbounded, or bind one topic to a file");
}
