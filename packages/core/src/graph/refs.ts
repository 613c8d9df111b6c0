import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MillraceError } from "../errors.ts";
import type { Key } from "../contracts/batch.ts";
import type { WriteRows } from "../contracts/sink.ts";
import type { Retention } from "../contracts/topics.ts";
import { checkClosure } from "./check-closure.ts";
import { checkOptions, type OptionNames } from "./check-options.ts";
import type { RetryPolicy } from "./retry.ts";
import { milliseconds, type Duration } from "../time/duration.ts";

declare const value: unique symbol;
declare const rowsItTakes: unique symbol;

/** Where rows of type T, or of a type that T's place takes, can be written. */
export interface Target<in T> {
  readonly kind: "topic" | "collection" | "sink";
  readonly name: string;
  /** For the compiler only. */
  readonly [rowsItTakes]?: ((row: T) => void) | undefined;
}

/** The name and type of a topic; what stands behind the name is bound elsewhere. */
export interface Topic<in out T> extends Target<T> {
  readonly kind: "topic";
  readonly name: string;
  readonly schema: StandardSchemaV1<unknown, T> | undefined;
  /** The key that the topic is partitioned by, where it is declared. */
  readonly key: ((value: T) => Key) | undefined;
  /** Whether every change is kept, not only final results. */
  readonly changelog: boolean;
  readonly retention: Retention;
  /** Whether retention drops atoms that a workflow which runs has not read. */
  readonly dropsUnread: boolean;
  readonly partitions: number;
  readonly [value]?: T;
}

export interface TopicOptions<T> {
  /** Any Standard Schema; `fields({...})` decodes fastest. Without one, values are taken as they come. */
  readonly schema?: StandardSchemaV1<unknown, T>;
  readonly key?: (value: T) => Key;
  /** Default false: a topic gets final results only. */
  readonly changelog?: boolean;
  /**
   * How long atoms are kept: by age, by bytes, or both. Default: for ever. What a workflow of the running
   * app has yet to read is kept longer, unless `unread` is "drop": a workflow that falls behind then stops
   * with MILLRACE_POSITION_LOST.
   */
  readonly retention?: { readonly time?: Duration; readonly bytes?: number; readonly unread?: "keep" | "drop" };
  /** Default 1. */
  readonly partitions?: number;
}

const TOPIC_OPTIONS: OptionNames<TopicOptions<unknown>> = { schema: true, key: true, changelog: true, retention: true, partitions: true };

/** A topic that keeps every change: what reads it gets changes of rows, not facts. */
export interface ChangelogTopic<in out T> extends Topic<T> {
  readonly changelog: true;
}

/** Names a topic: an ordered, partitioned, durable log of atoms. */
export function topic<T>(name: string, options: TopicOptions<T> & { readonly changelog: true }): ChangelogTopic<T>;
export function topic<T>(name: string, options?: TopicOptions<T>): Topic<T>;
export function topic<T>(name: string, options: TopicOptions<T> = {}): Topic<T> {
  checkName("topic", name);
  checkOptions(options, TOPIC_OPTIONS, `topic ${name}`);
  const { partitions = 1 } = options;
  if (!(Number.isInteger(partitions) && partitions >= 1 && partitions <= 256)) {
    throw new MillraceError("MILLRACE_USAGE", `topic ${name}`, `${partitions} partitions; give a whole number from 1 to 256`);
  }
  const { retention } = options;
  return {
    kind: "topic",
    name,
    schema: options.schema,
    key: options.key,
    changelog: options.changelog ?? false,
    retention: {
      ...(retention?.time === undefined ? {} : { milliseconds: milliseconds(retention.time, `topic ${name}: retention`) }),
      ...(retention?.bytes === undefined ? {} : { bytes: retention.bytes }),
    },
    dropsUnread: retention?.unread === "drop",
    partitions,
  };
}

/** The name and type of a collection: a keyed table that a workflow materializes. */
export interface Collection<in out T> extends Target<T> {
  readonly kind: "collection";
  readonly name: string;
  readonly schema: StandardSchemaV1<unknown, T> | undefined;
  /** The identity of a row. */
  readonly key: (row: T) => Key;
  /** Whether a value says that its row is gone. */
  readonly deleted: ((row: T) => boolean) | undefined;
  readonly [value]?: T;
}

/** Any collection, whatever its rows. */
export interface AnyCollection {
  readonly kind: "collection";
  readonly name: string;
  readonly schema: StandardSchemaV1 | undefined;
  readonly key: (row: never) => Key;
}

export interface CollectionOptions<T> {
  readonly key: (row: T) => Key;
  /** Whether a value that a workflow writes says that the row of its key is gone. Default: deletions of a changing stream only. */
  readonly deleted?: (row: T) => boolean;
  readonly schema?: StandardSchemaV1<unknown, T>;
}

const COLLECTION_OPTIONS: OptionNames<CollectionOptions<unknown>> = { key: true, deleted: true, schema: true };

/** Names a collection. `key` says which row a value is: a later value with the same key replaces it. */
export function collection<T>(name: string, options: CollectionOptions<T>): Collection<T> {
  checkName("collection", name);
  checkOptions(options, COLLECTION_OPTIONS, `collection ${name}`);
  checkClosure(options.key, `collection ${name}: key`);
  if (options.deleted !== undefined) checkClosure(options.deleted, `collection ${name}: deleted`);
  return { kind: "collection", name, schema: options.schema, key: options.key, deleted: options.deleted };
}

/**
 * The topic that is a collection's change log, one partition: what workflows and people changed, in the
 * order of commits. A change's offset is its version; the slash keeps it apart from users' topics.
 */
export function changeLogOf(name: string): string {
  return CHANGE_LOG + name;
}

/** The collection whose change log a topic is. */
export function collectionOf(log: string): string | undefined {
  return log.startsWith(CHANGE_LOG) ? log.slice(CHANGE_LOG.length) : undefined;
}

const CHANGE_LOG = "collection/";

/** Names are used in addresses and on the command line. */
export function checkName(kind: string, name: string): void {
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/.test(name)) {
    throw new MillraceError(
      "MILLRACE_USAGE",
      `${kind} ${JSON.stringify(name)}`,
      "a name starts with a letter, then letters, digits, dots, dashes and underscores, at most 128",
    );
  }
}

/** Rows leave Millrace here: a function of yours that keeps them elsewhere. */
export interface Sink<in T> extends Target<T> {
  readonly kind: "sink";
  readonly name: string;
  readonly write: WriteRows<T>;
  /** Whether provisional rows are written too, not only finals. */
  readonly changes: boolean;
  /** Rows a call at most. */
  readonly rows: number;
  /** Of one attempt, ms. */
  readonly timeout: number;
  readonly retries: RetryPolicy;
}
