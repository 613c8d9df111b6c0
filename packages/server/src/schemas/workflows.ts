import { z } from "zod";
import { count } from "./common.ts";

const operator = z.object({
  id: z.string(),
  kind: z.string(),
  /** combine: makes partial results; merge: makes results of them; whole: both in one. */
  role: z.string(),
  /** In a few words, for a person. */
  does: z.string(),
  /** Whether a person gave the id. */
  named: z.boolean(),
  /** Ids of operators, or of exchanges. */
  inputs: z.array(z.string()),
});

const stage = z.object({
  stage: count,
  id: z.string(),
  /** source: by lanes of its input; keyed: by key group; single: one partition has all. */
  distribution: z.string(),
  partitions: count,
  operators: z.array(operator),
});

const exchange = z.object({
  id: z.string(),
  kind: z.string(),
  from: z.string(),
  fromStage: count,
  to: z.string(),
  toStage: count,
  /** The keyBy that routes it. */
  keyBy: z.string().nullable(),
  links: count,
});

const slices = z.object({ input: z.string(), milliseconds: z.number(), windows: z.array(z.string()) });

/** What the planner made of a workflow: what `millrace plan --json` shows. */
export const workflowPlan = z.object({
  workflow: z.string(),
  cut: z.string(),
  stages: z.array(stage),
  exchanges: z.array(exchange),
  /** Operators that are combined before they are exchanged. */
  combiners: z.array(z.string()),
  /** Windows of several lengths that are computed from the same slices. */
  slices: z.array(slices),
});

export const workflowSummary = z.object({
  name: z.string(),
  stages: count,
  operators: count,
  /** Topics. */
  reads: z.array(z.string()),
  writes: z.object({ topics: z.array(z.string()), collections: z.array(z.string()), sinks: z.array(z.string()) }),
});

export const workflowList = z.object({ items: z.array(workflowSummary) });
