import { MillraceError } from "../errors.ts";
import { checkSpec } from "./check-spec.ts";
import { checkName } from "./refs.ts";
import { withoutUnused } from "./retracting.ts";
import type { AddNode, Node, NodeSpec } from "./nodes.ts";

/** A workflow: a name and its graph, in which every node comes after its inputs. */
export interface Workflow {
  readonly kind: "workflow";
  readonly name: string;
  readonly nodes: readonly Node[];
}

/** Collects the nodes that a workflow's function makes. */
export class GraphBuilder {
  readonly workflow: string;
  readonly #nodes: Node[] = [];
  readonly #ids = new Set<string>();
  readonly #made = new Map<string, number>();
  #closed = false;

  constructor(workflow: string) {
    checkName("workflow", workflow);
    this.workflow = workflow;
  }

  add(node: AddNode): Node {
    if (this.#closed) {
      throw new MillraceError(
        "MILLRACE_USAGE",
        `workflow ${this.workflow}`,
        "its graph is complete; operators are added inside the function given to workflow(), not later",
      );
    }
    checkSpec(node.spec, `workflow ${this.workflow}`);
    const id = node.id ?? this.#derivedId(node.spec);
    if (node.id !== undefined) checkName(`workflow ${this.workflow}: operator id`, node.id);
    if (this.#ids.has(id)) {
      throw new MillraceError("MILLRACE_GRAPH", `workflow ${this.workflow}, operator ${id}`, "two operators have this id; give each its own");
    }
    this.#ids.add(id);
    const made: Node = { ...node, id, named: node.id !== undefined, index: this.#nodes.length };
    this.#nodes.push(made);
    return made;
  }

  node(index: number): Node {
    return this.#nodes[index];
  }

  /** The index of a node that is made when it is first asked for. */
  once(name: string, make: () => number): number {
    let index = this.#made.get(name);
    if (index === undefined) this.#made.set(name, (index = make()));
    return index;
  }

  finish(): Workflow {
    this.#closed = true;
    if (!this.#nodes.some((node) => node.spec.kind === "source")) {
      throw new MillraceError("MILLRACE_GRAPH", `workflow ${this.workflow}`, "it reads nothing; begin with flow.from(topic)");
    }
    if (!this.#nodes.some((node) => node.spec.kind === "sink")) {
      throw new MillraceError("MILLRACE_GRAPH", `workflow ${this.workflow}`, "it writes nothing; end with .to(topic) or .to(collection)");
    }
    return { kind: "workflow", name: this.workflow, nodes: this.#made.size === 0 ? this.#nodes : withoutUnused(this.#nodes) };
  }

  /**
   * The nth operator of its kind: stable while the operators before it stay. Sources and sinks are told
   * by what they read or write: their progress, and what is on its way to them, survive another before them.
   */
  #derivedId(spec: NodeSpec): string {
    const base = spec.kind === "source" ? `source-${spec.collection?.name ?? spec.topic.name}` : spec.kind === "sink" ? `sink-${spec.target.name}` : spec.kind;
    let n = 1;
    while (this.#ids.has(`${base}-${n}`)) n++;
    return `${base}-${n}`;
  }
}

/** A text that changes when the path of operators up to a node changes: derived ids are believed only while it stays. */
export function signature(workflow: Workflow, node: Node): string {
  const inputs = node.inputs.map((input) => {
    const from = workflow.nodes[input.node];
    return from === undefined ? "" : `${signature(workflow, from)}.${input.port}`;
  });
  const name = node.spec.kind === "source" ? `source(${node.spec.topic.name})` : node.named ? node.id : node.spec.kind;
  return inputs.length === 0 ? name : `${inputs.join("+")}>${name}`;
}
