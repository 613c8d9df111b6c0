import type { Node, Plan, PlannedOperator } from "@millrace/core/internal";
import { slicingOf } from "@millrace/core/internal";
import { describeOperator } from "./describe.ts";

/** A plan as plain data, for `millrace plan --json`. */
export interface PlanShape {
  readonly workflow: string;
  readonly cut: string;
  readonly stages: readonly StageShape[];
  readonly exchanges: readonly ExchangeShape[];
  /** Operators that are combined before they are exchanged. */
  readonly combiners: readonly string[];
  /** Windows of several lengths that are computed from the same slices. */
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
    slices: operators.filter(({ role, sharing }) => role !== "combine" && sharing.length > 0).map((operator) => slicesOf(operator, nodes)),
  };
}

function slicesOf({ node, sharing }: PlannedOperator, nodes: readonly Node[]): SliceShape {
  const windows = [node, ...sharing];
  const slicing = slicingOf(windows.flatMap(({ spec }) => (spec.kind === "window" ? [spec.window] : [])));
  return { input: nodes[node.inputs[0].node].id, milliseconds: slicing?.width ?? 0, windows: windows.map(({ id }) => id) };
}
