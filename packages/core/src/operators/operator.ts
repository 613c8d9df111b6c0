import type { Batch } from "../contracts/batch.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Stopping } from "./stopping.ts";
import type { StateTable } from "./state/table.ts";

/**
 * One operator of one partition. It is driven from outside: rows, then watermarks, then a flush
 * before each commit. All of it is synchronous but `settle`.
 */
export interface Operator {
  /** What it keeps between steps. */
  readonly tables: readonly StateTable[];
  /** Rows of an input port. The batch is only good until the call returns; its values may be kept. */
  process(input: number, batch: Batch): void;
  /** The watermark has risen: emit what is due. Never called with a lower one. */
  advance(watermark: number): void;
  /**
   * Where it acts on less than it promises, as its other inputs give nothing by themselves: no stamp of what
   * it still emits is below, given the watermark of its first input. Absent: what it has acted on.
   */
  promises?(first: number): number;
  /**
   * Whether it holds so much that only its other inputs can bring on, that its first one should wait; `first`
   * is the watermark of that one.
   */
  overfull?(first: number): boolean;
  /**
   * State was loaded; `watermark` is the one of the last commit, and at `wakeAt` something of the stage
   * is due, perhaps of this operator. Nothing may be emitted.
   */
  restored?(watermark: number, wakeAt?: number): void;
  /** Emits what was held back within a step (combined rows, updates), and leaves the state as it shall be committed. */
  flush?(): void;
  /** Waits for what was started outside (calls of mapAsync) and emits its results. */
  settle?(): Promise<void>;
  /** Whether rows it took have not been emitted yet, as their calls are outside: until then it is not advanced. */
  holdsBack?(): boolean;
  /** Whether it has more than it can start at once, so that the step should take no more rows in. */
  saturated?(): boolean;
  /** Processing time has reached `wakeAt`. */
  tick?(now: number): void;
  /** The next processing time at which `tick` is wanted; Infinity: none. */
  wakeAt?(): number;
}

/** What an operator may do to the world around it. */
export interface OperatorContext {
  /** Which operator this is, for messages: `workflow w, operator o`. */
  readonly subject: string;
  /** The address of its state: `workflow/operator`. */
  readonly address: string;
  /** G, the number of key groups. */
  readonly keyGroups: number;
  readonly clock: Clock;
  /** Whether its partition is to stop; absent: it never is. */
  readonly stopping?: Stopping;
  /** Tests only: what user code reads of state is frozen. */
  readonly strict?: boolean;
  /** Hands rows to whatever follows an output port. */
  emit(port: number, batch: Batch): void;
  /** Whether anything follows an output port. */
  connected(port: number): boolean;
  /** One row of a batch failed in user code: it goes to the dead letters, the others go on. */
  fail(batch: Batch, row: number, error: unknown): void;
  /** So many atoms were late for it, each counted once; for the metrics. */
  late(count: number): void;
  /** A call of a user's function failed and will be made again; for the metrics. */
  retried(): void;
}
