import { checkOptions, type OptionNames } from "../graph/check-options.ts";
import { checkTopic } from "../graph/check-spec.ts";
import { GraphBuilder, type Workflow } from "../graph/graph.ts";
import { RESULTS } from "../graph/nodes.ts";
import type { Topic } from "../graph/refs.ts";
import type { Key } from "../contracts/batch.ts";
import { milliseconds, type Duration } from "../time/duration.ts";
import type { Table, TableOptions } from "./join.ts";
import { Stream } from "./stream.ts";

export interface FromOptions<T> {
  /** Event time of a value: epoch milliseconds, a Date, or ISO 8601 text (without a zone it is UTC). Default: when the atom entered. */
  readonly time?: (value: T) => number | Date | string;
  /** How far out of order atoms come: one that is further behind may be late. Default 0. */
  readonly outOfOrderness?: Duration;
  /**
   * A live split that was read to its end and has given nothing for this long, by the machine's time, is
   * idle: it keeps time with the splits that its atoms may meet, until its next atom. One that then comes
   * with an older time may be late. Default 30s; Infinity: it always holds the others back.
   */
  readonly idleAfter?: Duration;
}

/** What a workflow's function gets: where its streams begin. */
export interface Flow {
  /** The atoms of a topic. */
  from<T>(topic: Topic<T>, options?: FromOptions<T>): Stream<T>;
  /** A topic as a table for `enrich`: each atom replaces the row of its key from its event time on. */
  table<T, const K extends Key>(topic: Topic<T>, options: FromOptions<T> & TableOptions<T> & { readonly key: (row: T) => K }): Table<T, K>;
}

const FROM_OPTIONS: OptionNames<FromOptions<unknown>> = { time: true, outOfOrderness: true, idleAfter: true };

/** Builds a workflow. The function runs once, and must build the same graph each time it is run. */
export function workflow(name: string, build: (flow: Flow) => unknown): Workflow {
  const builder = new GraphBuilder(name);
  const flow: Flow = {
    from<T>(topic: Topic<T>, options: FromOptions<T> = {}): Stream<T> {
      checkTopic(topic, `workflow ${name}: from`);
      checkOptions(options, FROM_OPTIONS, `workflow ${name}: from ${topic.name}`);
      const what = `workflow ${name}: from ${topic.name}`;
      const node = builder.add({
        id: undefined,
        inputs: [],
        spec: {
          kind: "source",
          topic: topic as Topic<unknown>,
          time: options.time,
          outOfOrderness: milliseconds(options.outOfOrderness ?? 0, `${what}: outOfOrderness`),
          idleAfter: options.idleAfter === Infinity ? Infinity : milliseconds(options.idleAfter ?? "30s", `${what}: idleAfter`),
        },
        keyed: false,
        mode: "append",
      });
      return new Stream({ builder, input: { node: node.index, port: RESULTS }, mode: "append" });
    },
    table: (topic, { key, deleted, ...from }) => flow.from(topic, from).keyBy(key).asTable(deleted === undefined ? {} : { deleted }),
  };
  build(flow);
  return builder.finish();
}
