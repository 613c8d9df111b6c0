import { z } from "zod";
import { count, time } from "./common.ts";

const distribution = z.object({ count, sum: z.number(), p50: z.number(), p95: z.number(), p99: z.number() });

/** What is measured of a partition, or of all partitions of a stage, since the start. Times are in ms. */
export const figures = z.object({
  atomsIn: count,
  atomsRead: count,
  atomsOut: count,
  atomsSent: count,
  /** Atoms taken in per second, over the last ten seconds. */
  rate: z.number(),
  late: count,
  dead: count,
  retries: count,
  failures: count,
  failuresInARow: count,
  instances: count,
  commits: count,
  stepTime: distribution,
  commitTime: distribution,
  latency: distribution,
  batchSize: distribution,
  /** Event time up to which all its operators have acted, epoch ms; null: none yet; "end": all input is done. */
  watermark: z.union([time, z.literal("end")]).nullable(),
  /** How far that is behind the clock; null where there is none or all is done. */
  watermarkLag: z.number().nullable(),
  backlog: z.object({ batches: count, bytes: z.number(), atoms: count }),
  /** Null while no instance holds it. */
  state: z.object({ rows: count, bytes: z.number() }).nullable(),
  used: z.object({
    invocations: count,
    busy: z.number(),
    gigabyteSeconds: z.number(),
    reads: count,
    writes: count,
    bytesRead: z.number(),
    bytesWritten: z.number(),
  }),
});

/** How many instances a stage is to have and may have, together with the stages that share its limits; null: as many as there are. */
const scaling = z.object({ wanted: z.number(), min: z.number(), max: z.number().nullable(), reserve: z.number() });

export const stageFigures = z.object({ workflow: z.string(), stage: z.string(), partitions: count, scaling, ...figures.shape });
export const partitionFigures = z.object({ workflow: z.string(), stage: z.string(), partition: count, ...figures.shape });

export const stageList = z.object({ items: z.array(stageFigures) });

export const metrics = z.object({
  /** When it was measured. */
  time,
  atomsIn: count,
  bytesIn: z.number(),
  atomsOut: count,
  late: count,
  dead: count,
  instances: count,
  /** Instances that were lost and replaced. */
  replaced: count,
  stages: z.array(stageFigures),
  partitions: z.array(partitionFigures),
});

/** What `/healthz` and `/readyz` answer. */
export const health = z.object({
  status: z.enum(["ok", "failed"]),
  /** Seconds since the app was started. */
  uptime: z.number(),
  /** Why it cannot go on. */
  reason: z.string().optional(),
});
