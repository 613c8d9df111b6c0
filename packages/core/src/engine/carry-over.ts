import type { Ledger, LinkBatch } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import { isStateful, type Node } from "../graph/nodes.ts";
import { sourceName } from "./lanes.ts";
import { hasRows, withoutWatermark } from "./link-input.ts";
import { lanesOf, linkId, linkName, partitionId, partitionsOf, workflowPrefix, type Plan, type PlanName, type Stage } from "./plan.ts";
import { layoutOf, type Layout } from "./plan-record.ts";
import { decodeProgress, encodeProgress, type Progress } from "./progress.ts";
import type { DoneChunks, LaneProgress } from "./source-input.ts";
import { isClosedByTime } from "./reopening.ts";
import { prefixOf } from "./time-chain.ts";

/** A plan that ran, as the store knows it. */
export interface RanPlan extends PlanName {
  readonly layout: Layout;
}

/** A link of the plan that ran and the one that continues it; from and to are partitions of the plan that goes on. */
interface Continued {
  readonly before: string;
  readonly link: string;
  readonly from: string;
  readonly to: string;
}

/** What of a plan's sources goes on although it had come to its end: their operator ids, and whether a topic lies in the store. */
export interface Reopened {
  readonly sources: ReadonlySet<string>;
  isStored(topic: string): boolean;
}

/** A commit takes in about so much of what was on its way. */
const COMMIT_BYTES = 16 * 1024 * 1024;

/**
 * Writes the progress of a plan's partitions, made from that of a plan of the same graph or of another:
 * where sources were, how far operators had acted, and what was on its way to operators that are still
 * there. The partitions of the former plan stay as they are, so that it can be done again. Throws, with
 * nothing written, MILLRACE_STATE_MISMATCH where rows are on their way to an operator that is gone, and
 * MILLRACE_INPUT_ENDED where input goes on behind which something was closed for good.
 */
export async function carryOver(before: RanPlan, after: Plan, ledger: Ledger, reopened: Reopened): Promise<void> {
  const links = continuedLinks(before, after);
  await refuseStranded(before, new Set(links.map((link) => link.before)), ledger);
  const ran: (readonly (Progress | undefined)[])[] = [];
  for (const stage of before.layout.stages) ran.push(await Promise.all(partitionsOf(before, stage).map(async (id) => decodeProgress(await ledger.root(id)))));
  const all = ran.flat().filter((progress) => progress !== undefined);
  const lanes = Map.groupBy(all.flatMap((progress) => progress.lanes), (lane) => lane.split);
  const rows = new Map(all.flatMap((progress) => [...progress.links].map(([link, known]) => [link, known.rows])));
  const acted = actedUpTo(before, after, ran, reopened.sources);
  for (const stage of after.stages) {
    for (let index = 0; index < stage.partitions; index++) {
      const id = partitionId(after, stage, index);
      const operators = new Map<string, number>();
      for (const [operator, watermark] of acted(index)) operators.set(operator, watermark);
      // Watermarks are sent anew: what was promised before need not hold where the graph is another.
      const known = links.filter(({ to }) => to === id).map((link) => [link.link, { applied: 0, watermark: -Infinity, rows: rows.get(link.before) ?? 0 }] as const);
      const progress: Progress = { lanes: lanesFrom(after, stage, index, lanes, reopened), links: new Map(known), sent: new Map(), watermarks: new Map(), operators };
      await begin(ledger, id, progress, links.filter(({ from }) => from === id));
    }
  }
}

/** Forgets all plans of a workflow but one, and what was on its way under the one that ran before it. */
export async function forgetOthers(plan: Plan, before: RanPlan, ledger: Ledger): Promise<void> {
  const applied: { readonly link: string; readonly sequence: number }[] = [];
  for (const { link } of linksOf(before)) {
    let last = 0;
    for await (const { sequence } of ledger.pending(link, 0)) last = sequence;
    if (last > 0) applied.push({ link, sequence: last });
  }
  const others = [...(await ledger.partitions()).keys()].filter((id) => id.startsWith(workflowPrefix(plan)) && !id.startsWith(`${workflowPrefix(plan)}${plan.generation}/`));
  if (applied.length > 0 && others.length > 0) {
    const { epoch, version } = await ledger.fence(others[0]);
    await ledger.commit({ partition: others[0], epoch, version: version + 1, progress: NOTHING, wakeAt: Infinity, state: [], sends: [], applied, appends: [] });
  }
  for (const id of others) await ledger.retire(id);
}

/** The generation of a further plan: above all that have a partition, also one whose making was interrupted. */
export async function nextGeneration(plan: PlanName, ledger: Ledger): Promise<number> {
  let highest = plan.generation;
  for (const id of (await ledger.partitions()).keys()) {
    if (id.startsWith(workflowPrefix(plan))) highest = Math.max(highest, Number.parseInt(id.slice(workflowPrefix(plan).length), 10));
  }
  return highest + 1;
}

function* linksOf(plan: RanPlan): Iterable<{ readonly link: string; readonly exchange: Layout["exchanges"][number]; readonly from: number; readonly to: number }> {
  const { exchanges, stages } = plan.layout;
  for (const exchange of exchanges) {
    const senders = stages[exchange.from].partitions;
    const receivers = stages[exchange.to].partitions;
    for (let from = 0; from < senders; from++) {
      for (let to = 0; to < receivers; to++) {
        if (exchange.kind === "forward" && from !== to) continue;
        yield { link: linkName(plan, exchange.id, { from, to, senders, receivers }), exchange, from, to };
      }
    }
  }
}

/** The links whose receivers are still there, divided as they were. */
function continuedLinks(before: RanPlan, after: Plan): Continued[] {
  const { exchanges } = layoutOf(after);
  const sizes = (layout: Layout["stages"], { from, to }: { readonly from: number; readonly to: number }): string => `${layout[from].partitions}>${layout[to].partitions}`;
  return [...linksOf(before)].flatMap(({ link, exchange, from, to }) => {
    const at = exchanges.findIndex((one) => one.what === exchange.what && one.kind === exchange.kind && sizes(after.stages, one) === sizes(before.layout.stages, exchange));
    if (at < 0) return [];
    const own = after.exchanges[at];
    const [sender, receiver] = [after.stages[own.from.stage], after.stages[own.to.stage]];
    return [{ before: link, link: linkId(after, own, from, to), from: partitionId(after, sender, from), to: partitionId(after, receiver, to) }];
  });
}

async function refuseStranded(before: RanPlan, continued: ReadonlySet<string>, ledger: Ledger): Promise<void> {
  for (const { link, exchange } of linksOf(before)) {
    if (continued.has(link)) continue;
    for await (const { bytes } of ledger.pending(link, 0)) {
      if (!hasRows(bytes)) continue;
      throw new MillraceError(
        "MILLRACE_STATE_MISMATCH",
        `workflow ${before.workflow.name}, operator ${exchange.id.replace(/\.[a-z]+\.\d+$/, "")}`,
        "rows are on their way to it, but the changed workflow has no such operator at that place; start the workflow as it was once more, stop it when nothing comes in any more, then start the changed one; or start with an empty data folder",
      );
    }
  }
}

/**
 * By partition number: how far operators have acted, where that must not be forgotten. State is only
 * right together with it. A source has promised what its readers behind it have acted on, also to those
 * that are new behind it; what all others had come to follows from their inputs. Behind sources that
 * are reopened nothing has come to its end.
 */
function actedUpTo(before: RanPlan, after: Plan, ran: readonly (readonly (Progress | undefined)[])[], reopened: ReadonlySet<string>): (index: number) => Map<string, number> {
  const known = new Map(before.layout.operators.map(({ id, what, stage }) => [what, ran[stage].map((progress) => progress?.operators.get(id))]));
  const { nodes } = after.workflow;
  const open = new Set<number>();
  for (const { id, index, inputs } of nodes) if (reopened.has(id) || inputs.some(({ node }) => open.has(node))) open.add(index);
  for (const [what, watermarks] of known) {
    const node = nodes.find(({ id, index }) => what === `=${id}` && open.has(index));
    if (node === undefined || !watermarks.includes(Infinity)) continue;
    if (isClosedByTime(node.spec)) refuseClosed(after, node);
    known.set(what, watermarks.map((watermark) => (watermark === Infinity ? -Infinity : watermark)));
  }
  const lasting = layoutOf(after).operators.map(({ id, what, stage }) => ({ node: nodes.findIndex((node) => node.id === id), watermarks: known.get(what) ?? [], partitions: after.stages[stage].partitions }));
  return (index) => {
    const acted = new Map<string, number>();
    // Readers behind a source come after it.
    const behind = new Array<number>(nodes.length).fill(-Infinity);
    for (const { node, watermarks, partitions } of lasting.toReversed()) {
      const { id, inputs, spec } = nodes[node];
      const least = Math.min(...watermarks.map((watermark) => watermark ?? Infinity));
      const all = watermarks.every((watermark) => watermark === undefined) ? -Infinity : least;
      if (isStateful(spec)) {
        acted.set(id, watermarks.length === partitions ? (watermarks[index] ?? -Infinity) : all);
        behind[node] = Math.max(behind[node], ...watermarks.map((watermark) => watermark ?? -Infinity));
      }
      if (spec.kind === "source") acted.set(id, Math.max(all, behind[node]));
      for (const input of inputs) behind[input.node] = Math.max(behind[input.node], behind[node]);
    }
    return acted;
  };
}

function refuseClosed(plan: Plan, { id, spec }: Node): never {
  const topics = plan.workflow.nodes.flatMap((node) => (node.spec.kind === "source" ? [node.spec.topic.name] : [])).join(", ");
  throw new MillraceError(
    "MILLRACE_INPUT_ENDED",
    `workflow ${plan.workflow.name}, operator ${id}`,
    `the input had come to its end in this data folder, so this ${spec.kind} has closed all that it kept and cannot take more in from ${topics}; start it with another data folder, or run it live from the beginning`,
  );
}

/** Makes a partition's root: its progress, and what was on its way from it. */
async function begin(ledger: Ledger, id: string, progress: Progress, outgoing: readonly Continued[]): Promise<void> {
  const { epoch, version } = await ledger.fence(id);
  const sent = new Map<string, number>();
  let commits = 0;
  let sends: LinkBatch[] = [];
  let bytes = 0;
  const commit = async (): Promise<void> => {
    const made = encodeProgress({ ...progress, sent });
    const result = await ledger.commit({ partition: id, epoch, version: version + ++commits, progress: made, wakeAt: Infinity, state: [], sends, applied: [], appends: [] });
    if (result.outcome === "refused") throw new MillraceError("MILLRACE_FENCED", `partition ${id}`, "another process changes this store; open it once");
    sends = [];
    bytes = 0;
  };
  for (const { before, link } of outgoing) {
    for await (const batch of ledger.pending(before, 0)) {
      const sequence = (sent.get(link) ?? 0) + 1;
      sent.set(link, sequence);
      sends.push({ link, sequence, bytes: withoutWatermark(batch.bytes) });
      if ((bytes += batch.bytes.length) >= COMMIT_BYTES) await commit();
    }
  }
  await commit();
}

/** The lanes that a partition of a stage reads on, where its stage has sources. */
function lanesFrom(plan: Plan, stage: Stage, index: number, known: ReadonlyMap<string, readonly LaneProgress[]>, reopened: Reopened): LaneProgress[] {
  const sources = stage.operators.flatMap((operator) => {
    const { id, spec } = plan.operators[operator].node;
    return spec.kind === "source" ? [{ name: sourceName(plan, operator), goesOn: reopened.sources.has(id) && reopened.isStored(spec.topic.name) }] : [];
  });
  const lanes: LaneProgress[] = [];
  for (const [split, all] of known) {
    const source = sources.find(({ name }) => split.startsWith(name));
    if (source === undefined) continue;
    const before = latest(all).map((lane) => (source.goesOn ? { ...lane, ended: false, ...(lane.promised === undefined ? {} : { promised: -Infinity }) } : lane));
    const count = lanesOf(stage, before[0]);
    const own = before.find((one) => one.lanes === count && one.lane === (count === 1 ? 0 : index));
    // Which partition opens a lane that is alone is not known here: all are told, and one does.
    if (own !== undefined || !before[0].parallel) lanes.push(own ?? before[0]);
    else if (before[0].lanes !== count) lanes.push(mergedLane(split, before, count === 1 ? 0 : index, count));
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

const NOTHING = new Uint8Array(0);
