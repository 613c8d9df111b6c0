import type { Measured } from "../contracts/measured.ts";

/** Counters of one partition: what its commits have made real since the runtime was started, wherever it ran. */
export class PartitionStats {
  atomsIn = 0;
  /** Atoms read from sources, malformed rows among them: what links bring is not counted again. */
  atomsRead = 0;
  /** About how many bytes of sources that was, as they are stored. */
  bytesRead = 0;
  /** Atoms given to topics. */
  atomsOut = 0;
  /** Rows sent to other stages. */
  atomsSent = 0;
  late = 0;
  dead = 0;
  /** Calls of users' functions that were made again after they failed. */
  retries = 0;
  steps = 0;

  /** Counts a step. */
  step(measured: Measured): void {
    this.#add(measured);
    this.steps++;
  }

  merge(other: PartitionStats): void {
    this.#add(other);
    this.steps += other.steps;
  }

  #add(measured: Omit<Measured, "reads" | "busy" | "since" | "positions">): void {
    this.atomsIn += measured.atomsIn;
    this.atomsRead += measured.atomsRead;
    this.bytesRead += measured.bytesRead;
    this.atomsOut += measured.atomsOut;
    this.atomsSent += measured.atomsSent;
    this.late += measured.late;
    this.dead += measured.dead;
    this.retries += measured.retries;
  }
}
