import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeValue, encodeValue } from "../codec/values.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Ledger } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import { signature, type Workflow } from "../graph/graph.ts";
import { isStateful } from "../graph/nodes.ts";
import { Coordinator } from "./coordinator.ts";
import { Instance } from "./instance.ts";
import { sourceName } from "./lanes.ts";
import { lanesOf, partitionId, type Cut, type Plan, type PlanOptions, type Stage } from "./plan.ts";
import { planWorkflow } from "./planner.ts";
import { emptyProgress, type Progress } from "./progress.ts";
import type { DoneChunks, LaneProgress } from "./source-input.ts";
import { prefixOf } from "./time-chain.ts";

/** What the ledger remembers of how a workflow ran last. */
interface PlanRecord {
  readonly generation: number;
  readonly cut: Cut;
  readonly partitions: number;
  /** Absent in stores of versions in which sources had as many partitions as keys. */
  readonly lanes?: number;
  /** Stateful operators: id, whether a person gave it, kind, and the path of operators before it. */
  readonly operators: readonly { readonly id: string; readonly named: boolean; readonly kind: string; readonly path: string }[];
}

export interface MigrationPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly keyGroups: number;
}

/**
 * The plan to run a workflow by. Where the store knows it by another one (other cuts, another number
 * of partitions), what is on its way is taken in under the old plan first, and progress is carried
 * over; state needs nothing, as it is addressed by operator and key group. Throws
 * MILLRACE_STATE_MISMATCH where the graph has changed under operators that were not named.
 */
export async function settlePlan(workflow: Workflow, options: PlanOptions, ports: MigrationPorts): Promise<Plan> {
  const name = `plan/${workflow.name}`;
  const bytes = await ports.ledger.readRecord(name);
  const known = bytes === undefined ? undefined : (decodeValue(new ByteReader(bytes)) as PlanRecord);
  const record: PlanRecord = { generation: known?.generation ?? 1, cut: options.cut, partitions: options.partitions, lanes: options.lanes ?? options.partitions, operators: operatorsOf(workflow) };
  if (known === undefined) {
    await write(ports.ledger, name, record);
    return planWorkflow(workflow, { ...options, generation: 1 });
  }
  const sameGraph = checkOperators(workflow, known.operators);
  const samePlan = known.cut === options.cut && known.partitions === options.partitions && (known.lanes ?? known.partitions) === record.lanes;
  if (samePlan && sameGraph) return planWorkflow(workflow, { ...options, generation: known.generation });
  const before = planWorkflow(workflow, { cut: known.cut, partitions: known.partitions, lanes: known.lanes ?? known.partitions, generation: known.generation });
  const after = planWorkflow(workflow, { ...options, generation: known.generation + 1 });
  await drain(before, ports);
  await carryOver(before, after, ports.ledger);
  await write(ports.ledger, name, { ...record, generation: after.generation });
  for (const id of partitionsOf(before)) await ports.ledger.retire(id);
  return after;
}

/** Whether the stateful operators are those of the record; throws where state would be lost or misread. */
function checkOperators(workflow: Workflow, known: PlanRecord["operators"]): boolean {
  const now = new Map(operatorsOf(workflow).map((operator) => [operator.id, operator]));
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
  return known.length === now.size;
}

function operatorsOf(workflow: Workflow): PlanRecord["operators"] {
  return workflow.nodes
    .filter((node) => isStateful(node.spec))
    .map((node) => ({ id: node.id, named: node.named, kind: node.spec.kind, path: signature(workflow, node) }));
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

/** Writes the progress of the new plan's partitions, made from that of the old plan's. */
async function carryOver(before: Plan, after: Plan, ledger: Ledger): Promise<void> {
  const old: Progress[] = [];
  for (const id of partitionsOf(before)) {
    const root = await ledger.root(id);
    if (root !== undefined && root.progress.length > 0) old.push(decodeValue(new ByteReader(root.progress)) as Progress);
  }
  const operators = new Map<string, number>();
  for (const progress of old) {
    for (const [id, watermark] of progress.operators) operators.set(id, Math.min(operators.get(id) ?? Infinity, watermark));
  }
  const lanes = Map.groupBy(
    old.flatMap((progress) => progress.lanes),
    (lane) => lane.split,
  );
  for (const stage of after.stages) {
    for (let index = 0; index < stage.partitions; index++) {
      const progress: Progress = { ...emptyProgress(), operators, lanes: lanesFrom(after, stage, index, lanes) };
      const id = partitionId(after, stage, index);
      const { epoch, version } = await ledger.fence(id);
      const writer = new ByteWriter();
      encodeValue(progress, writer);
      const result = await ledger.commit({
        partition: id,
        epoch,
        version: version + 1,
        progress: writer.take(),
        wakeAt: Infinity,
        state: [],
        sends: [],
        applied: [],
        appends: [],
      });
      if (result.outcome === "refused") throw new MillraceError("MILLRACE_FENCED", `partition ${id}`, "another process changes this store; open it once");
    }
  }
}

/** The lanes that a partition of a stage reads on, where its stage has sources. */
function lanesFrom(plan: Plan, stage: Stage, index: number, known: ReadonlyMap<string, readonly LaneProgress[]>): LaneProgress[] {
  const sources = stage.operators.filter((operator) => plan.operators[operator].node.spec.kind === "source").map((operator) => sourceName(plan, operator));
  const lanes: LaneProgress[] = [];
  for (const [split, all] of known) {
    if (!sources.some((source) => split.startsWith(source))) continue;
    const before = latest(all);
    const count = lanesOf(stage, before[0]);
    // Which partition opens a lane that is alone is not known here: all are told, and one does.
    lanes.push(before[0].parallel ? mergedLane(split, before, count === 1 ? 0 : index, count) : before[0]);
  }
  return lanes;
}

/** Each lane where it was last: partitions that were told of a lane and never opened it still say where it began. */
function latest(lanes: readonly LaneProgress[]): readonly LaneProgress[] {
  return [...Map.groupBy(lanes, ({ lane, lanes: of }) => `${lane}/${of}`).values()].map((same) =>
    same.reduce((best, one) => (one.ended || (!best.ended && one.next > best.next) ? one : best)),
  );
}

/** A lane among `lanes` that goes on where lanes of another number had come to. */
function mergedLane(split: string, before: readonly LaneProgress[], lane: number, lanes: number): LaneProgress {
  const ended = before.length === before[0].lanes && before.every((one) => one.ended);
  const { next, before: maxTime } = prefixOf(before);
  // Only chunks from the first undone one on, and the one before it, matter from now on.
  const recent = new Map(before.flatMap((one) => one.recent).filter(({ index }) => index >= next - 1).map((chunk) => [chunk.index, chunk]));
  const done: DoneChunks[] = before
    .flatMap((one) => [{ lane: one.lane, lanes: one.lanes, next: one.ended ? Infinity : one.next }, ...one.done])
    .filter((one) => one.next > next);
  return { split, lane, lanes, parallel: true, next: ended ? 0 : next, maxTime, ended, recent: [...recent.values()].sort((a, b) => a.index - b.index), done, partial: before.flatMap((one) => one.partial), readAt: Math.max(...before.map((one) => one.readAt)) };
}

function* partitionsOf(plan: Plan): Iterable<string> {
  for (const stage of plan.stages) for (let index = 0; index < stage.partitions; index++) yield partitionId(plan, stage, index);
}

async function write(ledger: Ledger, name: string, record: PlanRecord): Promise<void> {
  const writer = new ByteWriter();
  encodeValue(record, writer);
  await ledger.writeRecord(name, writer.take());
}
