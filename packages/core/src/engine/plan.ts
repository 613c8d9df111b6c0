import { DEFAULT_KEY_GROUPS } from "../codec/murmur2.ts";
import { MillraceError } from "../errors.ts";
import type { Node } from "../graph/nodes.ts";
import type { Workflow } from "../graph/graph.ts";

/** Where a plan cuts a workflow into stages: nowhere, where keys are shuffled, or at every operator. */
export type Cut = "none" | "shuffle" | "every";

export type Role = "whole" | "combine" | "merge";

/** How the atoms of a stage are divided among its partitions. */
export type Distribution = "source" | "keyed" | "single";

/** An operator of a stage: a node of the graph, or one side of it around an exchange. */
export interface PlannedOperator {
  readonly index: number;
  readonly node: Node;
  readonly role: Role;
  readonly stage: number;
  readonly inputs: readonly PlannedInput[];
  /** Further windows of the graph that this operator computes too, from the slices of its own. */
  readonly sharing: readonly Node[];
}

/** Where a planned operator's rows come from: an operator of its stage, or an exchange. Sources have no inputs. */
export type PlannedInput =
  | { readonly kind: "local"; readonly operator: number; readonly port: number }
  | { readonly kind: "exchange"; readonly exchange: number };

/** How rows find their receiver: by key group, all to one, or from each partition to the one of the same number. */
export type ExchangeKind = "hash" | "single" | "forward";

export interface Exchange {
  readonly index: number;
  /** Stable name: the receiving operator and its input. */
  readonly id: string;
  readonly kind: ExchangeKind;
  readonly from: { readonly operator: number; readonly port: number; readonly stage: number };
  readonly to: { readonly operator: number; readonly input: number; readonly stage: number };
  /** The keyBy whose keys the rows carry. */
  readonly keyBy: number | undefined;
}

export interface Stage {
  readonly index: number;
  /** Stable name, from its first operator where there are others. */
  readonly id: string;
  readonly distribution: Distribution;
  readonly partitions: number;
  /** Indexes of planned operators, each after its inputs. */
  readonly operators: readonly number[];
  /** Whether the atoms of a key must stay in the order of their split: then one lane reads each split. */
  readonly ordered: boolean;
}

/** How many lanes read a split of a stage's sources. */
export function lanesOf(stage: Stage, split: { readonly parallel: boolean }): number {
  return split.parallel && !stage.ordered ? stage.partitions : 1;
}

export interface Plan {
  readonly workflow: Workflow;
  /** Counts the plans that a store has seen of the workflow, so that partitions and links of one are never taken for another's. */
  readonly generation: number;
  readonly cut: Cut;
  /** Partitions of keyed stages, and of those that read sources, as they were asked for. */
  readonly partitions: number;
  readonly lanes: number;
  readonly stages: readonly Stage[];
  readonly operators: readonly PlannedOperator[];
  readonly exchanges: readonly Exchange[];
}

export interface PlanOptions {
  readonly cut: Cut;
  /** Partitions of keyed stages. A power of two up to the number of key groups. */
  readonly partitions: number;
  /** Partitions of the stages that read sources. Default: as many as keyed stages have. */
  readonly lanes?: number;
  /** Default 1. */
  readonly generation?: number;
}

/** Into how many partitions keys are divided where they take turns and nobody said. */
const TURNING_PARTITIONS = 64;

export interface WantedPlan {
  readonly cut?: Cut;
  readonly instances?: number;
  readonly partitions?: number;
  readonly stateMemory?: number;
}

/** The plan for so many instances and partitions, each rounded up to a power of two. Throws MILLRACE_USAGE for more partitions than key groups, and for state that cannot be divided. */
export function planOptions(wanted: WantedPlan): PlanOptions {
  const { instances = 1, stateMemory } = wanted;
  const asked = Math.max(instances, wanted.partitions ?? (stateMemory === undefined ? instances : TURNING_PARTITIONS));
  if (!(asked >= 1 && asked <= DEFAULT_KEY_GROUPS)) {
    throw new MillraceError("MILLRACE_USAGE", "partitions", `${asked} were asked for; give a number from 1 to ${DEFAULT_KEY_GROUPS}`);
  }
  if (stateMemory !== undefined && !(stateMemory > 0)) throw new MillraceError("MILLRACE_USAGE", "state memory", `${stateMemory} bytes; give a positive number`);
  if (stateMemory !== undefined && wanted.cut === "none") {
    throw new MillraceError("MILLRACE_USAGE", "state memory", "cut none leaves one partition, which has all state in memory; cut where keys are shuffled");
  }
  const partitions = roundedUp(asked);
  return { cut: wanted.cut ?? (partitions === 1 ? "none" : "shuffle"), partitions, lanes: roundedUp(instances) };
}

function roundedUp(number: number): number {
  return 2 ** Math.ceil(Math.log2(number));
}

/** Of which plan a partition or link is. */
export interface PlanName {
  readonly workflow: { readonly name: string };
  readonly generation: number;
}

/** The name of a partition of a stage, as the ledger knows it. */
export function partitionId(plan: PlanName, stage: Pick<Stage, "id" | "partitions">, partition: number): string {
  return `${partitionPrefix(plan)}${stage.id}/${partition}of${stage.partitions}`;
}

/** The names of all partitions of a stage. */
export function partitionsOf(plan: PlanName, stage: Pick<Stage, "id" | "partitions">): string[] {
  return Array.from({ length: stage.partitions }, (_, index) => partitionId(plan, stage, index));
}

/** What the names of all partitions of a plan begin with. */
export function partitionPrefix(plan: PlanName): string {
  return `${workflowPrefix(plan)}${plan.generation}/`;
}

/** What the names of all partitions of all plans of a workflow begin with. */
export function workflowPrefix({ workflow }: Pick<PlanName, "workflow">): string {
  return `${workflow.name}@`;
}

/** The name of the link of an exchange from one partition to another. */
export function linkId(plan: Plan, exchange: Exchange, from: number, to: number): string {
  return linkName(plan, exchange.id, { from, to, senders: plan.stages[exchange.from.stage].partitions, receivers: plan.stages[exchange.to.stage].partitions });
}

/** The same, of an exchange of which only the name is known. */
export function linkName(plan: PlanName, exchange: string, { from, to, senders, receivers }: { readonly from: number; readonly to: number; readonly senders: number; readonly receivers: number }): string {
  return `${partitionPrefix(plan)}${exchange}/${from}of${senders}>${to}of${receivers}`;
}
