import type { Ledger } from "../contracts/ledger.ts";
import type { Source } from "../contracts/source.ts";
import type { Topics } from "../contracts/topics.ts";
import type { Workflow } from "../graph/graph.ts";
import type { Node, NodeSpec } from "../graph/nodes.ts";
import { appGraph } from "./app-graph.ts";
import { sourcePrefix } from "./lanes.ts";
import { partitionPrefix } from "./plan.ts";
import { readPlanRecord } from "./plan-record.ts";
import { decodeProgress } from "./progress.ts";
import type { LaneProgress } from "./source-input.ts";

export interface ReopeningPorts {
  readonly ledger: Ledger & Pick<Topics, "range">;
  /** The source that was given for a topic; undefined where it lies in the ledger's store. */
  bound(topic: string): Source | undefined;
  /** Whether topics in the store end in this run too: then only what was appended since counts. */
  readonly bounded: boolean;
}

/**
 * By workflow: the sources (operator ids) whose input had come to its end in an earlier run and for which
 * there is more now, or may be: atoms appended to the topic, other splits, another workflow that writes on.
 */
export async function reopenedSources(workflows: readonly Workflow[], ports: ReopeningPorts): Promise<ReadonlyMap<Workflow, ReadonlySet<string>>> {
  const reopened = new Map(workflows.map((workflow) => [workflow, new Set<string>()]));
  const known = new Map<Workflow, Ended>();
  for (const workflow of workflows) known.set(workflow, await readEnded(workflow, ports.ledger));
  const growing = new Set<string>();
  for (let found = true; found; ) {
    found = false;
    for (const workflow of workflows) {
      for (const node of workflow.nodes) {
        const own = reopened.get(workflow);
        if (own === undefined || own.has(node.id) || !(await isReopened(workflow, node, known.get(workflow), growing, ports))) continue;
        own.add(node.id);
        for (const topic of appGraph([workflow]).written) growing.add(topic);
        found = true;
      }
    }
  }
  return reopened;
}

/** Whether what an operator keeps is closed by event time, so that it cannot go on once all time has passed. */
export function isClosedByTime(spec: NodeSpec): boolean {
  switch (spec.kind) {
    case "window":
    case "top":
    case "join":
    case "enrich":
      return true;
    case "distinct":
      return spec.within < Infinity;
    case "process":
      return spec.onTimer !== undefined || Object.values(spec.state).some(({ ttl }) => ttl < Infinity);
    default:
      return false;
  }
}

/** What a workflow has read to its end. */
interface Ended {
  readonly lanes: ReadonlyMap<string, readonly LaneProgress[]>;
  /** By operator: the least watermark of its partitions. */
  readonly watermarks: ReadonlyMap<string, number>;
}

async function readEnded(workflow: Workflow, ledger: Ledger): Promise<Ended> {
  const lanes: LaneProgress[] = [];
  const watermarks = new Map<string, number>();
  const record = await readPlanRecord(ledger, workflow.name);
  if (record === undefined) return { lanes: new Map(), watermarks };
  for (const [id, root] of await ledger.partitions()) {
    if (!id.startsWith(partitionPrefix({ workflow, generation: record.generation }))) continue;
    const progress = decodeProgress(root);
    lanes.push(...(progress?.lanes ?? []));
    for (const [operator, watermark] of progress?.operators ?? []) watermarks.set(operator, Math.min(watermark, watermarks.get(operator) ?? Infinity));
  }
  return { lanes: Map.groupBy(lanes, ({ split }) => split), watermarks };
}

async function isReopened(workflow: Workflow, { id, spec }: Node, ended: Ended | undefined, growing: ReadonlySet<string>, ports: ReopeningPorts): Promise<boolean> {
  if (spec.kind !== "source" || ended === undefined) return false;
  const { name, partitions } = spec.topic;
  const prefix = sourcePrefix(workflow, { id, topic: name });
  const own = [...ended.lanes].filter(([split]) => split.startsWith(prefix));
  const hasEnded = own.some(([, lanes]) => lanes.some((lane) => lane.ended));
  if (ended.watermarks.get(id) !== Infinity && !hasEnded) return false;
  const source = ports.bound(name);
  // Where it was not read to an end, those who write it have promised one.
  if (source === undefined && !hasEnded) return growing.has(name);
  if (source !== undefined) return (await source.splits()).some((split) => !ended.lanes.has(`${prefix}${split.id}`));
  if (!ports.bounded || growing.has(name)) return true;
  for (let partition = 0; partition < partitions; partition++) {
    const next = Math.max(0, ...(ended.lanes.get(`${prefix}${partition}`) ?? []).map((lane) => lane.next));
    if ((await ports.ledger.range(name, partition)).end > next) return true;
  }
  return false;
}
