import assert from "node:assert/strict";
import { test } from "node:test";
import { topic } from "../../../src/graph/refs.ts";
import { tumbling } from "../../../src/graph/window.ts";
import type { KeyedStream, Stream } from "../../../src/streams/stream.ts";
import { workflow } from "../../../src/streams/workflow.ts";

interface Click {
  readonly user: string;
  readonly page: string;
}

interface Order {
  readonly user: string;
  readonly total: number;
}

const clicks = topic<Click>("clicks");
const orders = topic<Order>("orders");

test("a join's closure knows which side may be missing", () => {
  workflow("kinds", (flow) => {
    const left = flow.from(clicks).keyBy((c) => c.user);
    const right = flow.from(orders).keyBy((o) => o.user);
    const inner = left.join(right).within({ after: "10m" }, (c, o) => ({ page: is<Same<typeof c, Click>, Click>(c).page, total: o.total }));
    is<Same<typeof inner extends Stream<infer Z> ? Z : never, { page: string; total: number }>, undefined>(undefined);
    const full = left.join(right, { kind: "full" }).window(tumbling("1m")).by((c, o, window) => ({ page: c?.page, total: o?.total, start: window.start }));
    is<Same<typeof full extends Stream<infer Z> ? Z : never, { page: string | undefined; total: number | undefined; start: number }>, undefined>(undefined);
    left.join(right, { kind: "left" }).within({}, (c, o) => [c.page, o?.total]);
    left.join(right, { kind: "right" }).within({}, (c, o) => [c?.page, o.total]).late.right.map((o) => o.total);
    const enriched = left.enrich(right.asTable(), (c, order) => ({ page: c.page, total: order?.total }));
    enriched.late.map((c) => c.page);
    const fetched = enriched.mapAsync(async (row, { key, signal, attempt }) => {
      await Promise.resolve();
      return { ...row, key, aborted: signal.aborted, attempt };
    });
    is<Same<typeof fetched extends Stream<infer Z> ? Z : never, { key: string; aborted: boolean; attempt: number; page: string; total: number | undefined }>, undefined>(undefined);
    fetched.to(topic<unknown>("out"));
  });
});

test("what cannot be joined is refused where it is written", () => {
  let elsewhere: KeyedStream<Order, string> | undefined;
  workflow("other", (flow) => {
    elsewhere = flow.from(orders).keyBy((o) => o.user);
    flow.from(orders).to(topic<unknown>("copy"));
  });
  const build = (make: (left: KeyedStream<Click, string>, right: KeyedStream<Order, string>) => Stream<unknown>): (() => unknown) => () =>
    workflow("refused", (flow) => make(flow.from(clicks).keyBy((c) => c.user), flow.from(orders).keyBy((o) => o.user)).to(topic<unknown>("out")));
  assert.throws(build((left) => left.join(elsewhere!).within({}, (c) => c)), { code: "MILLRACE_USAGE", message: /belongs to workflow other/ });
  assert.throws(build((left, right) => left.join(right).within({ before: "soon" as "1s" }, (c) => c)), { code: "MILLRACE_USAGE", message: /within, before: "soon" is not a duration/ });
  assert.throws(build((_left, right) => right.asTable() && elsewhere!.join(right).within({}, (c) => c)), { code: "MILLRACE_USAGE" });
  workflow("keys", (flow) => {
    const byNumber = flow.from(orders).keyBy((o) => o.total);
    // @ts-expect-error keys of different types are never equal
    flow.from(clicks).keyBy((c) => c.user).join(byNumber);
    flow.from(clicks).to(topic<unknown>("out"));
  });
});

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where `Check` is true. */
function is<Check extends true, V>(value: V, ..._check: Check[]): V {
  return value;
}
