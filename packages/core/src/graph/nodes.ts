import type { ChangeMode, Key } from "../contracts/batch.ts";
import type { AnyAggregate } from "./aggregate.ts";
import type { Collection, Sink, Topic } from "./refs.ts";
import type { RetryPolicy } from "./retry.ts";
import type { StateShape } from "./state.ts";
import type { Version } from "./version.ts";
import type { WindowSpec } from "./window.ts";

/** Where a node's input comes from: an output port of an earlier node. */
export interface Input {
  readonly node: number;
  readonly port: number;
}

export interface SourceNode {
  readonly kind: "source";
  /** Of a collection, its change log. */
  readonly topic: Topic<unknown>;
  readonly collection: Collection<unknown> | undefined;
  /** Event time of a value, epoch milliseconds; absent: the time the atom came with. */
  readonly time: ((value: never) => number | Date | string) | undefined;
  /** How far behind the largest event time before it an atom may be and still not be late, ms. */
  readonly outOfOrderness: number;
  /** A split that has been read to its end is idle after this long, ms; Infinity: never. */
  readonly idleAfter: number;
  /** How much later than it was written an atom holds here, ms of event time: what a loop needs. */
  readonly delay: number;
}

export interface MapNode {
  readonly kind: "map";
  readonly map: (value: never) => unknown;
}

export interface FilterNode {
  readonly kind: "filter";
  readonly filter: (value: never) => boolean;
}

export interface FlatMapNode {
  readonly kind: "flat-map";
  readonly flatMap: (value: never) => Iterable<unknown>;
}

export interface KeyByNode {
  readonly kind: "key-by";
  readonly key: (value: never) => Key;
}

export interface MergeNode {
  readonly kind: "merge";
}

/** One output port a branch, in order, and a last one for rows that no branch takes. */
export interface BranchNode {
  readonly kind: "branch";
  readonly names: readonly string[];
  readonly branches: readonly ((value: never) => boolean)[];
}

export interface DistinctNode {
  readonly kind: "distinct";
  /** How long after its time a key is remembered, in event time, ms; Infinity: for ever. */
  readonly within: number;
}

export interface WindowNode {
  readonly kind: "window";
  readonly window: WindowSpec;
  readonly aggregates: readonly { readonly name: string; readonly aggregate: AnyAggregate }[];
  /** How long after its end a window still takes atoms, ms. */
  readonly lateness: number;
  /** Processing time between early results, ms; Infinity: none. */
  readonly early: number;
}

export interface TopNode {
  readonly kind: "top";
  readonly size: number;
  readonly by: (row: never) => number;
  /** The window whose rows compete. */
  readonly windowSize: number;
  readonly lateness: number;
}

export interface MapAsyncNode {
  readonly kind: "map-async";
  readonly call: (value: never, call: never) => unknown;
  /** Calls at a time, per partition. */
  readonly concurrency: number;
  readonly ordered: boolean;
  /** Of one attempt, ms. */
  readonly timeout: number;
  readonly retries: RetryPolicy;
  /** What tells calls apart; absent: the value and its event time. */
  readonly identity: ((value: never) => string) | undefined;
}

export type JoinKind = "inner" | "left" | "right" | "full";

/** Two keyed inputs: 0 is the left side, 1 the right one. */
export interface JoinNode {
  readonly kind: "join";
  readonly join: JoinKind;
  readonly on: JoinWindow | JoinInterval;
  readonly by: (left: never, right: never, window: never) => unknown;
}

/** Pairs of one window, made when it ends. */
export interface JoinWindow {
  readonly kind: "window";
  readonly window: WindowSpec;
}

/** Pairs whose right time lies in [left time - before, left time + after], ms. */
export interface JoinInterval {
  readonly kind: "interval";
  readonly before: number;
  readonly after: number;
}

/** Input 0 is a keyed stream, input 1 a table's changes with the same keys. */
export interface EnrichNode {
  readonly kind: "enrich";
  readonly enrich: (value: never, row: never) => unknown;
  /** Whether a change says that the key has no row any more. */
  readonly deleted: ((row: never) => boolean) | undefined;
}

/** Rows that replace each other by their key, with what they were before. */
export interface ChangesNode {
  readonly kind: "changes";
}

/** As `EnrichNode`, with the row that was read last when a value comes. */
export interface LookupNode {
  readonly kind: "lookup";
  readonly enrich: (value: never, row: never) => unknown;
  readonly deleted: ((row: never) => boolean) | undefined;
}

/** One output port for its results, then one a side output, in order. */
export interface ProcessNode {
  readonly kind: "process";
  readonly state: StateShape;
  readonly sides: readonly string[];
  readonly onElement: (value: never, context: never) => void;
  readonly onTimer: ((time: number, context: never) => void) | undefined;
}

export interface ReduceNode {
  readonly kind: "reduce";
  readonly reduce: (a: never, b: never) => unknown;
  readonly version: Version;
}

export interface SinkNode {
  readonly kind: "sink";
  readonly target: Topic<unknown> | Collection<unknown> | Sink<unknown>;
}

export type NodeSpec =
  | SourceNode
  | MapNode
  | FilterNode
  | FlatMapNode
  | KeyByNode
  | MergeNode
  | BranchNode
  | DistinctNode
  | WindowNode
  | TopNode
  | ProcessNode
  | ReduceNode
  | JoinNode
  | EnrichNode
  | LookupNode
  | ChangesNode
  | MapAsyncNode
  | SinkNode;

export interface Node {
  readonly index: number;
  /** The operator's id, unique in its workflow: the address of its state. */
  readonly id: string;
  /** Whether a person gave the id; a derived one is refused when the graph around it has changed. */
  readonly named: boolean;
  readonly inputs: readonly Input[];
  readonly spec: NodeSpec;
  /** Whether the rows it gets carry keys. */
  readonly keyed: boolean;
  /** What its output rows say of change. */
  readonly mode: ChangeMode;
}

/** What is said of a node before it has a place in the graph. */
export interface AddNode {
  readonly id: string | undefined;
  readonly inputs: readonly Input[];
  readonly spec: NodeSpec;
  readonly keyed: boolean;
  readonly mode: ChangeMode;
}

/** Output port of late atoms of a window. */
export const RESULTS = 0;
export const LATE = 1;
/** Output port of late atoms of a join's right side. */
export const LATE_RIGHT = 2;

const STATEFUL: ReadonlySet<NodeSpec["kind"]> = new Set<NodeSpec["kind"]>(["distinct", "window", "top", "process", "reduce", "join", "enrich", "lookup", "changes"]);

/** Operators that keep state, whose ids are addresses. */
export function isStateful(spec: NodeSpec): boolean {
  return STATEFUL.has(spec.kind);
}
