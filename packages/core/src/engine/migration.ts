import type { Clock } from "../contracts/clock.ts";
import type { Ledger } from "../contracts/ledger.ts";
import type { Topics } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import type { AppGraph } from "./app-graph.ts";
import { carryOver, forgetOthers, nextGeneration, type RanPlan, type Reopened } from "./carry-over.ts";
import { Coordinator } from "./coordinator.ts";
import { Instance } from "./instance.ts";
import type { Plan, PlanOptions } from "./plan.ts";
import { isSameLayout, layoutOf, readPlanRecord, statefulOperators, writePlanRecord, type StatefulOperator } from "./plan-record.ts";
import { planWorkflow } from "./planner.ts";

export interface MigrationPorts {
  readonly ledger: Ledger & Topics;
  readonly clock: Clock;
  readonly keyGroups: number;
  readonly reopened: Reopened;
  /** What the workflows of the app have between them. */
  readonly graph?: AppGraph;
}

/**
 * The plan to run a workflow by. Where the store knows it by another one (other cuts, another number
 * of partitions), what is on its way is taken in under the old plan first, and progress is carried
 * over; state needs nothing, as it is addressed by operator and key group. Where the graph has changed,
 * what is on its way goes on to the operators that it was for. Throws MILLRACE_STATE_MISMATCH where the
 * graph has changed under operators that were not named, or lacks one that rows are on their way to;
 * MILLRACE_INPUT_ENDED where input goes on behind which something was closed for good.
 */
export async function settlePlan(workflow: Workflow, options: PlanOptions, ports: MigrationPorts): Promise<Plan> {
  const { ledger } = ports;
  const known = await readPlanRecord(ledger, workflow.name);
  if (known === undefined) {
    const plan = planWorkflow(workflow, { ...options, generation: 1 });
    await writePlanRecord(ledger, plan);
    return plan;
  }
  checkOperators(workflow, known.operators);
  const before = { cut: known.cut, partitions: known.partitions, lanes: known.lanes ?? known.partitions };
  let plan = planWorkflow(workflow, { ...before, generation: known.generation });
  const layout = known.layout ?? layoutOf(plan);
  if (!isSameLayout(layout, layoutOf(plan))) plan = await replace({ workflow, generation: known.generation, layout }, before, workflow, ports);
  else if (known.layout === undefined || JSON.stringify(known.operators) !== JSON.stringify(statefulOperators(workflow))) await writePlanRecord(ledger, plan);
  const { cut, partitions, lanes = partitions } = options;
  const samePlan = before.cut === cut && before.partitions === partitions && before.lanes === lanes;
  if (!samePlan) await drain(plan, ports);
  else if (ports.reopened.sources.size === 0) return plan;
  return replace({ workflow, generation: plan.generation, layout: layoutOf(plan) }, options, workflow, ports);
}

/** Puts a new plan in the place of one that ran. */
async function replace(before: RanPlan, options: PlanOptions, workflow: Workflow, { ledger, reopened }: MigrationPorts): Promise<Plan> {
  const plan = planWorkflow(workflow, { ...options, generation: await nextGeneration(before, ledger) });
  await carryOver(before, plan, ledger, reopened);
  await writePlanRecord(ledger, plan);
  await forgetOthers(plan, before, ledger);
  return plan;
}

/** Throws where state of the operators of the record would be lost or misread. */
function checkOperators(workflow: Workflow, known: readonly StatefulOperator[]): void {
  const now = new Map(statefulOperators(workflow).map((operator) => [operator.id, operator]));
  for (const { id, kind, path } of known) {
    const operator = now.get(id);
    const where = `workflow ${workflow.name}, operator ${id}`;
    if (operator === undefined) {
      throw new MillraceError(
        "MILLRACE_STATE_MISMATCH",
        where,
        "the store has state of it, but the workflow has no such operator now; give the operator that continues it this id, or start with an empty data folder",
      );
    }
    if (operator.kind !== kind) {
      throw new MillraceError("MILLRACE_STATE_MISMATCH", where, `its state was written by a ${kind}, but it is a ${operator.kind} now; give it another id`);
    }
    if (!operator.named && operator.path !== path) {
      throw new MillraceError(
        "MILLRACE_STATE_MISMATCH",
        where,
        `the operators before it have changed (${path} was written, ${operator.path} is there), so its derived id may mean another operator; name it by { id: ${JSON.stringify(id)} } to keep its state`,
      );
    }
  }
}

/**
 * Runs a plan without reading its sources until nothing is on its way: one partition at a time, senders
 * before receivers, so that no more than one partition's state is in memory.
 */
async function drain(plan: Plan, ports: MigrationPorts): Promise<void> {
  const coordinator = new Coordinator({ plans: [plan], ledger: ports.ledger, clock: ports.clock, closedBytes: Infinity });
  await coordinator.load();
  let drained = Promise.withResolvers<void>();
  const instance = new Instance([plan], {
    ledger: coordinator.ledgerForPartitions(),
    clock: ports.clock,
    chain: coordinator.chain,
    keyGroups: ports.keyGroups,
    ...(ports.graph === undefined ? {} : { graph: ports.graph }),
    source: (topic) => Promise.resolve({ name: topic, splits: () => Promise.resolve([]), open: () => Promise.reject(new Error("a drain reads no source")) }),
    finished: () => undefined,
    failed: (_partition, error) => drained.reject(error),
    drained: () => drained.resolve(),
  });
  do {
    for (const id of coordinator.partitions) {
      drained = Promise.withResolvers<void>();
      coordinator.place(id, instance);
      await instance.open(id);
      await drained.promise;
      coordinator.place(id, undefined);
      await instance.close(id);
    }
  } while (!coordinator.quiet);
}
