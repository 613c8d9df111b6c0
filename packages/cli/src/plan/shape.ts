import type { Plan } from "@millrace/core/internal";
import { describeOperator, sliceOf } from "./describe.ts";

/** A plan as plain data, for `millrace plan --json`. */
export interface PlanShape {
  readonly workflow: string;
  readonly cut: string;
  readonly stages: readonly StageShape[];
  readonly exchanges: readonly ExchangeShape[];
  /** Operators that are combined before they are exchanged. */
  readonly combiners: readonly string[];
  /** Windows over one stream, whose slices are of one length. */
  readonly slices: readonly SliceShape[];
}

export interface StageShape {
  readonly stage: number;
  readonly id: string;
  /** source: by lanes of its input; keyed: by key group; single: one partition has all. */
  readonly distribution: string;
  readonly partitions: number;
  readonly operators: readonly OperatorShape[];
}

export interface OperatorShape {
  readonly id: string;
  readonly kind: string;
  /** combine: makes partial results; merge: makes results of them; whole: both in one. */
  readonly role: string;
  readonly does: string;
  /** Whether a person gave the id. */
  readonly named: boolean;
  /** Ids of operators, or of exchanges. */
  readonly inputs: readonly string[];
}

export interface ExchangeShape {
  readonly id: string;
  readonly kind: string;
  readonly from: string;
  readonly fromStage: number;
  readonly to: string;
  readonly toStage: number;
  /** The keyBy that routes it. */
  readonly keyBy: string | null;
  readonly links: number;
}

export interface SliceShape {
  readonly input: string;
  readonly milliseconds: number;
  readonly windows: readonly string[];
}

export function shapeOf({ workflow, cut, stages, operators, exchanges }: Plan): PlanShape {
  const { nodes } = workflow;
  const slices = new Map<string, { input: string; milliseconds: number; windows: string[] }>();
  for (const { id, inputs, spec } of nodes) {
    const length = spec.kind === "window" ? sliceOf(spec.window) : undefined;
    if (length === undefined) continue;
    const input = nodes[inputs[0].node].id;
    const key = `${input}/${length}`;
    const there = slices.get(key);
    if (there === undefined) slices.set(key, { input, milliseconds: length, windows: [id] });
    else there.windows.push(id);
  }
  return {
    workflow: workflow.name,
    cut,
    stages: stages.map(({ index, id, distribution, partitions, operators: own }) => ({
      stage: index,
      id,
      distribution,
      partitions,
      operators: own.map((at): OperatorShape => {
        const { node, role, inputs } = operators[at];
        return {
          id: node.id,
          kind: node.spec.kind,
          role,
          does: describeOperator(node.spec),
          named: node.named,
          inputs: inputs.map((input) => (input.kind === "local" ? operators[input.operator].node.id : `exchange ${input.exchange}`)),
        };
      }),
    })),
    exchanges: exchanges.map(({ id, kind, from, to, keyBy }) => {
      const senders = stages[from.stage].partitions;
      return {
        id,
        kind,
        from: operators[from.operator].node.id,
        fromStage: from.stage,
        to: operators[to.operator].node.id,
        toStage: to.stage,
        keyBy: keyBy === undefined ? null : nodes[keyBy].id,
        links: kind === "forward" ? senders : senders * stages[to.stage].partitions,
      };
    }),
    combiners: operators.filter(({ role }) => role === "combine").map(({ node }) => node.id),
    slices: [...slices.values()],
  };
}
