import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeValue, encodeValue } from "../codec/values.ts";
import type { Ledger } from "../contracts/ledger.ts";
import { signature, type Workflow } from "../graph/graph.ts";
import { isStateful, type Node } from "../graph/nodes.ts";
import type { Cut, ExchangeKind, Plan } from "./plan.ts";

/** What the ledger remembers of how a workflow ran last. */
export interface PlanRecord {
  readonly generation: number;
  readonly cut: Cut;
  readonly partitions: number;
  /** Absent in stores of versions in which sources had as many partitions as keys. */
  readonly lanes?: number;
  /** Stateful operators: id, whether a person gave it, kind, and the path of operators before it. */
  readonly operators: readonly StatefulOperator[];
  /** Absent in stores of versions that did not write it. */
  readonly layout?: Layout;
}

export interface StatefulOperator {
  readonly id: string;
  readonly named: boolean;
  readonly kind: string;
  readonly path: string;
}

/** The partitions and links of a plan, and which operators they are of, so that another graph's plan can go on from them. */
export interface Layout {
  readonly stages: readonly { readonly id: string; readonly partitions: number }[];
  /** All but the combining halves, which have no progress of their own. `what` tells operators apart whatever their ids. */
  readonly operators: readonly { readonly id: string; readonly what: string; readonly stage: number }[];
  /** `from` and `to` are stages; `what` says whose input the rows are. */
  readonly exchanges: readonly { readonly id: string; readonly kind: ExchangeKind; readonly from: number; readonly to: number; readonly what: string }[];
}

export async function readPlanRecord(ledger: Ledger, workflow: string): Promise<PlanRecord | undefined> {
  const bytes = await ledger.readRecord(recordName(workflow));
  return bytes === undefined ? undefined : (decodeValue(new ByteReader(bytes)) as PlanRecord);
}

/** Remembers that the workflow runs by a plan from now on. */
export async function writePlanRecord(ledger: Ledger, plan: Plan): Promise<void> {
  const { cut, generation, lanes, partitions, workflow } = plan;
  const record: PlanRecord = { generation, cut, partitions, lanes, operators: statefulOperators(workflow), layout: layoutOf(plan) };
  const writer = new ByteWriter();
  encodeValue(record, writer);
  await ledger.writeRecord(recordName(workflow.name), writer.take());
}

export function statefulOperators(workflow: Workflow): StatefulOperator[] {
  return workflow.nodes
    .filter((node) => isStateful(node.spec))
    .map((node) => ({ id: node.id, named: node.named, kind: node.spec.kind, path: signature(workflow, node) }));
}

export function layoutOf(plan: Plan): Layout {
  const { exchanges, operators, stages, workflow } = plan;
  const what = namesOf(workflow);
  return {
    stages: stages.map(({ id, partitions }) => ({ id, partitions })),
    operators: operators.filter(({ role }) => role !== "combine").map(({ node, stage }) => ({ id: node.id, what: what[node.index], stage })),
    exchanges: exchanges.map(({ id, kind, from, to }) => {
      const { node, role } = operators[to.operator];
      // All inputs of a merge are alike, so that its rows are told by where they come from.
      const input = node.spec.kind === "merge" ? `${what[operators[from.operator].node.index]}.${from.port}` : String(to.input);
      return { id, kind, from: from.stage, to: to.stage, what: `${what[node.index]} ${role} ${input}` };
    }),
  };
}

export function isSameLayout(a: Layout, b: Layout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * By node: a name that stays while it is the same operator. Ids of operators that are checked or given
 * mean them; the others are told by the path from the last such operator before them.
 */
function namesOf({ nodes }: Workflow): string[] {
  const names: string[] = [];
  const seen = new Map<string, number>();
  for (const node of nodes) {
    if (hasLastingId(node)) {
      names.push(`=${node.id}`);
      continue;
    }
    const path = `${node.inputs.map(({ node: from, port }) => `${names[from]}.${port}`).join("+")}>${node.spec.kind}`;
    const before = seen.get(path) ?? 0;
    seen.set(path, before + 1);
    names.push(before === 0 ? path : `${path}#${before}`);
  }
  return names;
}

function hasLastingId({ named, spec }: Node): boolean {
  return named || isStateful(spec) || spec.kind === "source" || spec.kind === "sink";
}

function recordName(workflow: string): string {
  return `plan/${workflow}`;
}
