import { MillraceError } from "../errors.ts";
import type { Key } from "../contracts/batch.ts";
import type { GraphBuilder } from "../graph/graph.ts";
import type { EnrichNode, Input, JoinInterval, JoinKind } from "../graph/nodes.ts";
import { milliseconds, type Duration } from "../time/duration.ts";

declare const row: unique symbol;
declare const key: unique symbol;

/** What a join's closure gets of the left side: nothing, where the right side alone gives results. */
export type LeftOf<T, J extends JoinKind> = J extends "right" | "full" ? T | undefined : T;

/** What a join's closure gets of the right side. */
export type RightOf<U, J extends JoinKind> = J extends "left" | "full" ? U | undefined : U;

export interface JoinOptions<J extends JoinKind = JoinKind> {
  /** Whose atoms give a result without a partner: "inner" (default): nobody's; "left", "right", "full": both sides'. */
  readonly kind?: J;
}

/** How far apart a pair's times may be: right time from left time - `before` to left time + `after`, inclusive. */
export interface Within {
  /** Default 0. */
  readonly before?: Duration;
  /** Default 0. */
  readonly after?: Duration;
}

/** What only `KeyedStream.asTable` and `flow.table` make: a stream whose rows replace each other by key. */
export interface Table<R, K extends Key = Key> {
  readonly kind: "table";
  readonly builder: GraphBuilder;
  readonly input: Input;
  readonly deleted: EnrichNode["deleted"];
  readonly [row]?: R;
  readonly [key]?: K;
}

export interface TableOptions<R> {
  /** Whether a row says that its key has no row from then on. Default: deletions in a changing stream only. */
  readonly deleted?: (row: R) => boolean;
}

export function intervalOf({ before = 0, after = 0 }: Within, builder: GraphBuilder): JoinInterval {
  const what = `workflow ${builder.workflow}: join within`;
  return { kind: "interval", before: milliseconds(before, `${what}, before`), after: milliseconds(after, `${what}, after`) };
}

/** Throws MILLRACE_USAGE where two streams were made by different workflows. */
export function checkSameWorkflow(one: GraphBuilder, other: GraphBuilder, operator: string): void {
  if (one === other) return;
  throw new MillraceError(
    "MILLRACE_USAGE",
    `workflow ${one.workflow}: ${operator}`,
    `the other stream belongs to workflow ${other.workflow}; write it to a topic there and read it here with flow.from`,
  );
}
