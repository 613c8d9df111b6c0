import type { Key } from "../contracts/batch.ts";
import type { Output, StateHandles, StateShape } from "./state.ts";

/** The side outputs of a `process`, by name: their types, as `output<T>()` says them. */
export type SideShape = Readonly<Record<string, Output<unknown>>>;

export type OutputOf<O> = O extends Output<infer T> ? T : never;

/** Timers of the key that is being processed. One time is one timer, however often it is registered. */
export interface Timers {
  /** Asks for `onTimer` once event time has reached `time` (epoch ms): at once where it has already. */
  register(time: number): void;
  delete(time: number): void;
  /** The same by the machine's time. What such a timer does is no function of the input. */
  registerProcessing(time: number): void;
  deleteProcessing(time: number): void;
  /** The machine's time, epoch ms. */
  now(): number;
}

export interface KeyContext<K extends Key, S extends StateShape, Out, Sides extends SideShape> {
  readonly key: K;
  readonly state: StateHandles<S>;
  readonly timers: Timers;
  /** Gives a value to the result; its event time is that of the element or timer unless another is said. */
  emit(value: Out, time?: number): void;
  /** Gives a value to a side output. */
  side<Name extends keyof Sides & string>(name: Name, value: OutputOf<Sides[Name]>): void;
}

/** What `onElement` may use; only good during the call. */
export interface ElementContext<K extends Key, S extends StateShape, Out, Sides extends SideShape> extends KeyContext<K, S, Out, Sides> {
  /** Event time of the element, epoch ms. */
  readonly time: number;
  /** What the element says of its row; always insert on an append stream. */
  readonly change: "insert" | "before" | "after" | "delete";
}

/** What `onTimer` may use; only good during the call. */
export interface TimerContext<K extends Key, S extends StateShape, Out, Sides extends SideShape> extends KeyContext<K, S, Out, Sides> {
  readonly domain: "event" | "processing";
}

/**
 * A function of the elements of each key, with state and timers. What a call did (writes, timers, what
 * it emitted) counts as a whole: where it throws nothing of it happened, and the element is a dead letter.
 */
export interface ProcessSpec<T, K extends Key, S extends StateShape, Out, Sides extends SideShape> {
  readonly state?: S;
  /** The type of what is emitted: `output<Alert>()`. */
  readonly out?: Output<Out>;
  /** Side outputs and their types: `{ alerts: output<string>() }`. */
  readonly sides?: Sides;
  onElement(value: T, context: ElementContext<K, S, Out, Sides>): void;
  /**
   * A timer of a key is due; `time` is the one it was registered for. All that are left fire when bounded
   * input ends, those of processing time last and before their time. What they register then fires too:
   * after 10,000 such timers a key, its next one fails; of processing time none is registered any more.
   */
  onTimer?(time: number, context: TimerContext<K, S, Out, Sides>): void;
}
