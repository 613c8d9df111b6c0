import type { PartitionStats } from "@millrace/core/internal";

/** Counters of all partitions together, since the run began. */
export interface Totals {
  readonly atomsIn: number;
  readonly bytesIn: number;
  readonly atomsOut: number;
  readonly late: number;
  readonly dead: number;
}

export function totalOf(stats: ReadonlyMap<string, PartitionStats>): Totals {
  let atomsIn = 0;
  let bytesIn = 0;
  let atomsOut = 0;
  let late = 0;
  let dead = 0;
  for (const one of stats.values()) {
    atomsIn += one.atomsRead;
    bytesIn += one.bytesRead;
    atomsOut += one.atomsOut;
    late += one.late;
    dead += one.dead;
  }
  return { atomsIn, bytesIn, atomsOut, late, dead };
}
