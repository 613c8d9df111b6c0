import type { Ledger } from "../../contracts/ledger.ts";
import type { Topics } from "../../contracts/topics.ts";
import type { Coordinator } from "../coordinator.ts";
import { partitionId, type Plan, type Stage } from "../plan.ts";
import { decodeProgress, emptyProgress } from "../progress.ts";
import type { StateSize } from "../partition-state.ts";
import { atomsWaiting } from "./atoms-waiting.ts";
import { measuringTime } from "./measuring-time.ts";
import type { Figures, PartitionMetrics, StageMetrics, StageScaling } from "./metrics.ts";
import { PartitionMeter } from "./partition-meter.ts";

/** Where what is measured is found when somebody asks. */
export interface Measuring {
  readonly plans: readonly Plan[];
  readonly ledger: Ledger & Pick<Topics, "range">;
  readonly coordinator: Pick<Coordinator, "backlog">;
  /** Processing time now. */
  readonly now: number;
  readonly meters: ReadonlyMap<string, PartitionMeter>;
  readonly stateSizes: ReadonlyMap<string, StateSize>;
  readonly failuresInARow: ReadonlyMap<string, number>;
  /** What stands for the instance that holds a partition; undefined: none does. */
  readonly holder: (partition: string) => object | undefined;
  /** How many instances a stage is to have, and may have. */
  readonly scaling: (plan: Plan, stage: Stage) => StageScaling;
  /** Whether a topic is read from outside the store. */
  readonly isBound: (topic: string) => boolean;
}

/** What is found of one partition. */
interface Found {
  readonly id: string;
  readonly meter: PartitionMeter;
  readonly watermark: number;
  readonly atomsWaiting: number;
}

/** Puts together what is measured of each partition and each stage. */
export async function collectMetrics(
  measuring: Measuring,
): Promise<{ readonly partitions: ReadonlyMap<string, PartitionMetrics>; readonly stages: ReadonlyMap<string, StageMetrics> }> {
  const partitions = new Map<string, PartitionMetrics>();
  const stages = new Map<string, StageMetrics>();
  for (const plan of measuring.plans) {
    const workflow = plan.workflow.name;
    for (const stage of plan.stages) {
      const found: Found[] = [];
      for (let partition = 0; partition < stage.partitions; partition++) found.push(await find(measuring, plan, stage, partition));
      found.forEach((one, partition) => partitions.set(one.id, { workflow, stage: stage.id, partition, ...figuresOf(measuring, [one]) }));
      stages.set(`${workflow}/${stage.id}`, { workflow, stage: stage.id, partitions: stage.partitions, scaling: measuring.scaling(plan, stage), ...figuresOf(measuring, found) });
    }
  }
  return { partitions, stages };
}

async function find(measuring: Measuring, plan: Plan, stage: Stage, partition: number): Promise<Found> {
  const id = partitionId(plan, stage, partition);
  const root = await measuring.ledger.root(id);
  const progress = decodeProgress(root) ?? emptyProgress();
  return {
    id,
    meter: measuring.meters.get(id) ?? new PartitionMeter(),
    watermark: progress.operators.size === 0 ? -Infinity : Math.min(...progress.operators.values()),
    atomsWaiting: await atomsWaiting({ topics: measuring.ledger, isBound: measuring.isBound }, plan, stage, partition, progress),
  };
}

function figuresOf(measuring: Measuring, found: readonly Found[]): Figures {
  const all = new PartitionMeter();
  const holders = new Set<object>();
  const backlog = { batches: 0, bytes: 0, atoms: 0 };
  let rate = 0;
  let failuresInARow = 0;
  let state: StateSize | undefined;
  let watermark = Infinity;
  const now = measuringTime();
  for (const one of found) {
    all.merge(one.meter);
    rate += one.meter.rate.perSecond(now);
    watermark = Math.min(watermark, one.watermark);
    const waiting = measuring.coordinator.backlog(one.id);
    backlog.batches += waiting.batches;
    backlog.bytes += waiting.bytes;
    backlog.atoms += one.atomsWaiting;
    failuresInARow = Math.max(failuresInARow, measuring.failuresInARow.get(one.id) ?? 0);
    const size = measuring.stateSizes.get(one.id);
    if (size !== undefined) state = { rows: (state?.rows ?? 0) + size.rows, bytes: (state?.bytes ?? 0) + size.bytes };
    const holder = measuring.holder(one.id);
    if (holder !== undefined) holders.add(holder);
  }
  const { atomsIn, atomsRead, atomsOut, atomsSent, late, dead, retries, steps, bytesRead } = all.stats;
  const { failures, commits, busy, gigabyteSeconds, reads, writes, bytesWritten } = all;
  return {
    atomsIn,
    atomsRead,
    atomsOut,
    atomsSent,
    rate,
    late,
    dead,
    retries,
    failures,
    failuresInARow,
    instances: holders.size,
    commits,
    stepTime: all.stepTime.distribution,
    commitTime: all.commitTime.distribution,
    latency: all.latency.distribution,
    batchSize: all.batchSize.distribution,
    watermark,
    watermarkLag: Number.isFinite(watermark) ? Math.max(0, measuring.now - watermark) : undefined,
    backlog,
    state,
    used: { invocations: steps, busy, gigabyteSeconds, reads, writes, bytesRead, bytesWritten },
  };
}
