/** Counters of one partition, since it was opened. */
export class PartitionStats {
  atomsIn = 0;
  /** Atoms read from sources, malformed rows among them: what links bring is not counted again. */
  atomsRead = 0;
  /** About how many bytes of sources that was, as they are stored. */
  bytesRead = 0;
  /** Atoms given to topics. */
  atomsOut = 0;
  late = 0;
  dead = 0;
  steps = 0;
}
