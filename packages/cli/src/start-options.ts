import type { AnyCollection } from "@millrace/core";
import type { Clock, Cut, OptionNames } from "@millrace/core/internal";
import type { Input } from "./app/input.ts";
import type { InstanceLimits } from "./app/instance-limits.ts";

export interface StartOptions {
  /** Folder that keeps topics, collections and state; starting again resumes there. Default: memory only. */
  readonly data?: string;
  /** What an acknowledged atom survives: "process" (default) a killed process, "disk" a power cut too. */
  readonly durability?: "process" | "disk";
  /** What topics read, by name: paths, a source or a generator. Others read what is appended to them. */
  readonly inputs?: Readonly<Record<string, Input>>;
  /**
   * How many worker threads run the functions, or within which limits: with 1 a crash or an endless loop
   * of a function ends its thread, which is replaced, and not this one. Default: none, all runs in this
   * thread; so it does where workflows are not given as a module that threads can import.
   */
  readonly instances?: number | InstanceLimits;
  /** Into how many partitions keys are divided, up to 256; rounded up to a power of two. Default: as many as there are instances. */
  readonly partitions?: number;
  /**
   * About how many bytes of keyed state are in memory at once; above it partitions take turns, and what
   * waits for the others lies in the data folder. With it there are 64 partitions by default. Default: no limit.
   */
  readonly stateMemory?: number;
  /** Collections that people edit and no workflow writes or reads. */
  readonly collections?: readonly AnyCollection[];
  /**
   * How many atoms of a topic may wait for the slowest workflow that reads it: above, `append` waits until
   * it has caught up. Default 1,000,000; Infinity: it never waits.
   */
  readonly maxWaiting?: number;
  /** Where workflows are cut into stages. Default: "none" with one partition, else "shuffle". */
  readonly cut?: Cut;
  /** Where time comes from. Default: the system clock. */
  readonly clock?: Clock;
}

/** Every option of `start`. */
export const START_OPTIONS: OptionNames<StartOptions> = {
  data: true,
  durability: true,
  inputs: true,
  instances: true,
  partitions: true,
  stateMemory: true,
  collections: true,
  cut: true,
  clock: true,
  maxWaiting: true,
};
