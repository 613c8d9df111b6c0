/** Counters of one partition, since it was opened. */
export class PartitionStats {
  atomsIn = 0;
  /** Atoms given to topics. */
  atomsOut = 0;
  late = 0;
  dead = 0;
  steps = 0;
}
