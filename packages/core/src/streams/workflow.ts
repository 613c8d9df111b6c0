import { MillraceError } from "../errors.ts";
import type { ChangeMode, Key } from "../contracts/batch.ts";
import { shown } from "../graph/check-closure.ts";
import { checkOptions, type OptionNames } from "../graph/check-options.ts";
import { checkSource } from "../graph/check-spec.ts";
import { GraphBuilder, type Workflow } from "../graph/graph.ts";
import { RESULTS } from "../graph/nodes.ts";
import { changeLogOf, type ChangelogTopic, type Collection, type Topic } from "../graph/refs.ts";
import { milliseconds, type Duration } from "../time/duration.ts";
import type { Table, TableOptions } from "./join.ts";
import { Stream } from "./stream.ts";

export interface FromOptions<T> {
  /**
   * Event time of a value: epoch milliseconds, a Date, or ISO 8601 text (without a zone it is UTC). Default: of
   * what a workflow wrote, the time that it has there; of anything else, when the atom entered.
   */
  readonly time?: (value: T) => number | Date | string;
  /** How far out of order atoms come: one that is further behind may be late. What a workflow wrote is judged there, so this is for a `time` of one's own. Default 0. */
  readonly outOfOrderness?: Duration;
  /**
   * A live split that was read to its end and has given nothing for this long, by the machine's time, is
   * idle: it keeps time with the splits that its atoms may meet, until its next atom. One that then comes
   * with an older time may be late. Default 30s; Infinity: it always holds the others back.
   */
  readonly idleAfter?: Duration;
  /**
   * How much later, in event time, what was written holds here: at `time + delay`. A workflow that reads what
   * it writes, or what comes of it in another, has to say it, at least a tick: whoever waits for what was
   * written then waits for what is that much older, and each round of the loop brings time on by that much.
   * What a person edits at a given time is not delayed. Default 0.
   */
  readonly delay?: Duration;
}

/** What a workflow's function gets: where its streams begin. */
export interface Flow {
  /** The changes of a topic that keeps every change: later ones replace earlier ones of the same row. */
  from<T>(topic: ChangelogTopic<T>, options?: FromOptions<T>): Stream<T, "upsert">;
  /** The atoms of a topic. */
  from<T>(topic: Topic<T>, options?: FromOptions<T>): Stream<T>;
  /**
   * The changes of a collection, in the order of its versions: rows that replace each other by their key, and
   * those that are gone. What people edit while it runs comes as it is edited.
   */
  from<T>(collection: Collection<T>, options?: FromOptions<T>): Stream<T, "upsert">;
  /** A topic as a table for `enrich`: each atom replaces the row of its key from its event time on. */
  table<T, const K extends Key>(topic: Topic<T>, options: FromOptions<T> & TableOptions<T> & { readonly key: (row: T) => K }): Table<T, K>;
  /** A collection as a table for `enrich`, under a key of the row's or (default) its own. */
  table<T, const K extends Key>(collection: Collection<T>, options: FromOptions<T> & TableOptions<T> & { readonly key: (row: T) => K }): Table<T, K>;
  table<T>(collection: Collection<T>, options?: FromOptions<T> & TableOptions<T>): Table<T, never>;
}

const FROM_OPTIONS: OptionNames<FromOptions<unknown>> = { time: true, outOfOrderness: true, idleAfter: true, delay: true };

/** Builds a workflow. The function runs once, and must build the same graph each time it is run. */
export function workflow(name: string, build: (flow: Flow) => unknown): Workflow {
  if (typeof name !== "string" || typeof build !== "function") {
    throw new MillraceError("MILLRACE_USAGE", "workflow", `got ${shown(name)} and ${shown(build)}; give it a name and a function: workflow("NAME", (flow) => …)`);
  }
  const builder = new GraphBuilder(name);
  const from = (source: Topic<unknown> | Collection<unknown>, options: FromOptions<never> = {}): Stream<unknown, ChangeMode> => {
    checkSource(source, `workflow ${name}: from`);
    const what = `workflow ${name}: from ${source.name}`;
    checkOptions(options, FROM_OPTIONS, what);
    const collection = source.kind === "collection" ? source : undefined;
    const topic = source.kind === "collection" ? changeLog(source) : source;
    const mode: ChangeMode = topic.changelog ? "upsert" : "append";
    const node = builder.add({
      id: undefined,
      inputs: [],
      spec: {
        kind: "source",
        topic,
        collection,
        time: options.time,
        outOfOrderness: milliseconds(options.outOfOrderness ?? 0, `${what}: outOfOrderness`),
        idleAfter: options.idleAfter === Infinity ? Infinity : milliseconds(options.idleAfter ?? "30s", `${what}: idleAfter`),
        delay: milliseconds(options.delay ?? 0, `${what}: delay`),
      },
      keyed: false,
      mode,
    });
    return new Stream({ builder, input: { node: node.index, port: RESULTS }, mode });
  };
  const table = (source: Topic<unknown> | Collection<unknown>, options: FromOptions<never> & TableOptions<unknown> & { readonly key?: (row: never) => Key } = {}): Table<unknown> => {
    const { key = source.kind === "collection" ? source.key : undefined, deleted, ...read } = options;
    return from(source, read)
      .keyBy(key as (row: unknown) => Key)
      .asTable(deleted === undefined ? {} : { deleted });
  };
  build({ from, table } as Flow);
  return builder.finish();
}

/** A collection's change log as a topic to read. */
function changeLog({ name }: Collection<unknown>): Topic<unknown> {
  return { kind: "topic", name: changeLogOf(name), schema: undefined, key: undefined, changelog: true, retention: {}, dropsUnread: false, partitions: 1 };
}
