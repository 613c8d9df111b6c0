import type { Key, Topic } from "@millrace/core";
import type { Dashboard } from "@millrace/core/dashboards";
import type { AppendOutcome, AppendRequest, Edit, EditOptions, RuntimeMetrics, Told } from "@millrace/core/internal";
import type { Atom, CollectionState, DeadLetter, DeadTopic, Replayed, TopicState, WorkflowPlan, WorkflowSummary } from "./types.ts";

/**
 * What the server needs of a running app. Whoever composes implements it; what it throws as
 * MillraceError is answered as a problem with its code. Unknown names throw MILLRACE_NOT_FOUND.
 */
export interface ServedApp {
  readonly workflows: WorkflowsPort;
  readonly topics: TopicsPort;
  readonly collections: CollectionsPort;
  readonly deadLetters: DeadLettersPort;
  readonly dashboards: readonly Dashboard[];
  metrics(): Promise<MeasuredApp>;
  /** The metrics in Prometheus' text format 0.0.4. */
  prometheus(): Promise<string>;
  /** Whether it runs; a reason where it cannot go on. */
  health(): { readonly status: "ok" | "failed"; readonly reason?: string };
}

export interface WorkflowsPort {
  list(): readonly WorkflowSummary[];
  plan(workflow: string): WorkflowPlan;
}

export interface TopicsPort {
  list(): Promise<readonly TopicState[]>;
  state(topic: string): Promise<TopicState>;
  /** A topic that atoms can be appended to. Throws MILLRACE_USAGE where it is read from elsewhere. */
  appendable(topic: string): Topic<unknown>;
  /** Whether so much of the topic waits to be read that `append` would wait too. */
  isBehind(topic: string): boolean;
  /** Appends what was validated, all in one commit; durable when resolved. */
  append(request: AppendRequest): Promise<AppendOutcome>;
  /** The atoms of a partition from an offset on, at most `limit`. Throws MILLRACE_POSITION_LOST below what is kept. */
  read(topic: string, partition: number, offset: number, limit: number): Promise<readonly Atom[]>;
  /** Calls back whenever the topic has grown; the result ends it. */
  onGrowth(topic: string, callback: () => void): () => void;
}

export interface KeyedRow {
  readonly key: Key;
  readonly row: unknown;
}

/** A row's new value, or that it is gone. */
export interface RowChange {
  readonly key: Key;
  readonly row: unknown;
}

export interface CollectionsPort {
  list(): readonly CollectionState[];
  state(collection: string): CollectionState;
  /** All rows by ascending key. */
  rows(collection: string): readonly KeyedRow[];
  get(collection: string, key: Key): unknown;
  /** How many changes were made to it. */
  version(collection: string): number;
  /** Calls back with what each commit changed; with `after`, first with what has changed since that version. The result ends it. */
  subscribe(collection: string, subscriber: (changes: readonly RowChange[], told: Told) => void, after?: number): () => void;
  /** The key of a row, once it was validated. Throws MILLRACE_SCHEMA where the row does not match. */
  keyOf(collection: string, row: unknown): Key;
  /** Makes the edits, all of them or none; resolves to the version once they are durable. */
  edit(collection: string, edits: readonly Edit<unknown>[], options?: EditOptions): Promise<number>;
}

export interface DeadLettersPort {
  list(): Promise<readonly DeadTopic[]>;
  /** From a number on, at most `limit`. */
  read(topic: string, from: number, limit: number): Promise<readonly DeadLetter[]>;
  /** Appends what can be read to the topic again, each once; `numbers`: only these. */
  replay(topic: string, numbers?: readonly number[]): Promise<Replayed>;
}

/** What is measured, with the totals of all workflows. */
export interface MeasuredApp extends RuntimeMetrics {
  readonly atomsIn: number;
  readonly bytesIn: number;
  readonly atomsOut: number;
  readonly late: number;
  readonly dead: number;
}
