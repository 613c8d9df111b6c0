import type { Distribution, Figures, StageMetrics } from "@millrace/core/internal";

/** A metric of each partition or stage: its name without `millrace_`, and its value in base units; undefined where there is none now. */
interface Family<V, Of = Figures> {
  readonly name: string;
  readonly help: string;
  readonly value: (figures: Of) => V;
}

const GIGABYTE = 2 ** 30;

export const COUNTERS: readonly Family<number>[] = [
  { name: "atoms_in_total", help: "Atoms taken in from sources and links, malformed rows among them.", value: (one) => one.atomsIn },
  { name: "atoms_read_total", help: "Atoms taken in from sources.", value: (one) => one.atomsRead },
  { name: "atoms_out_total", help: "Atoms given to topics.", value: (one) => one.atomsOut },
  { name: "atoms_sent_total", help: "Rows sent to other stages.", value: (one) => one.atomsSent },
  { name: "atoms_late_total", help: "Atoms judged late.", value: (one) => one.late },
  { name: "atoms_dead_total", help: "Atoms that went to dead letters.", value: (one) => one.dead },
  { name: "retries_total", help: "Calls of functions that were made again after they failed.", value: (one) => one.retries },
  { name: "failures_total", help: "Times that the partition could not go on, or its instance was lost.", value: (one) => one.failures },
  { name: "steps_total", help: "Steps that were committed: invocations.", value: (one) => one.used.invocations },
  { name: "commits_total", help: "Commits that were applied.", value: (one) => one.commits },
  { name: "busy_seconds_total", help: "Time that steps took, their commits not included.", value: (one) => one.used.busy / 1000 },
  { name: "memory_byte_seconds_total", help: "Time that steps took, times the memory limit of their instance.", value: (one) => one.used.gigabyteSeconds * GIGABYTE },
  { name: "reads_total", help: "Chunks read from sources and batches taken from links.", value: (one) => one.used.reads },
  { name: "writes_total", help: "Blocks of state, batches and runs of atoms that were committed.", value: (one) => one.used.writes },
  { name: "read_bytes_total", help: "Bytes of sources, as they are stored.", value: (one) => one.used.bytesRead },
  { name: "written_bytes_total", help: "Bytes of state, batches and atoms that were committed.", value: (one) => one.used.bytesWritten },
];

export const GAUGES: readonly Family<number | undefined>[] = [
  { name: "atoms_per_second", help: "Atoms taken in per second, over the last ten seconds.", value: (one) => one.rate },
  { name: "failures_in_a_row", help: "Failures since the last commit.", value: (one) => one.failuresInARow },
  { name: "partition_instances", help: "Instances that hold the partition now: 1, or 0 where it rests.", value: (one) => one.instances },
  { name: "watermark_timestamp_seconds", help: "Event time up to which all operators have acted; +Inf at the end of the input.", value: (one) => one.watermark / 1000 },
  { name: "watermark_lag_seconds", help: "How far the watermark is behind the clock.", value: (one) => (one.watermarkLag === undefined ? undefined : one.watermarkLag / 1000) },
  { name: "backlog_batches", help: "Batches that wait on links.", value: (one) => one.backlog.batches },
  { name: "backlog_bytes", help: "Bytes that wait on links.", value: (one) => one.backlog.bytes },
  { name: "backlog_atoms", help: "Atoms that wait in topics of the store.", value: (one) => one.backlog.atoms },
  { name: "state_rows", help: "Keys or rows of state.", value: (one) => one.state?.rows },
  { name: "state_bytes", help: "Memory that state takes, estimated.", value: (one) => one.state?.bytes },
];

/** Of stages; those that share limits have the same figures of wanted and limits. */
export const STAGE_GAUGES: readonly Family<number, StageMetrics>[] = [
  { name: "stage_instances", help: "Instances that hold partitions of the stage now.", value: (one) => one.instances },
  { name: "stage_instances_wanted", help: "Instances it is to have, by what there is to do, its limits and the quota.", value: ({ scaling }) => scaling.wanted },
  { name: "stage_instances_min", help: "Instances that stay, whatever there is to do.", value: ({ scaling }) => scaling.min },
  { name: "stage_instances_max", help: "Instances it may have.", value: ({ scaling }) => scaling.max },
  { name: "stage_instances_reserved", help: "Instances that are kept free for it.", value: ({ scaling }) => scaling.reserve },
];

/** Distributions, with what turns their unit into a base unit. */
export const SUMMARIES: readonly (Family<Distribution> & { readonly scale: number })[] = [
  { name: "step_duration_seconds", help: "Time that a step took, its commit not included.", scale: 0.001, value: (one) => one.stepTime },
  { name: "commit_duration_seconds", help: "Time until a commit was durable.", scale: 0.001, value: (one) => one.commitTime },
  { name: "latency_seconds", help: "Of atoms: time from being appended, or else read, until what they caused here was committed.", scale: 0.001, value: (one) => one.latency },
  { name: "batch_atoms", help: "Atoms that a step took in.", scale: 1, value: (one) => one.batchSize },
];
