import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key } from "../../src/contracts/batch.ts";
import type { AggregateShape } from "../../src/graph/aggregate.ts";
import { collection, topic, type Topic } from "../../src/graph/refs.ts";
import { global, session, sliding, tumbling, type Window } from "../../src/graph/window.ts";
import { collect } from "../../src/operators/aggregates/collect.ts";
import { digest, mergeDigests } from "../../src/operators/aggregates/digest.ts";
import { medianOf, type Digest } from "../../src/operators/aggregates/digest-value.ts";
import { distinctCount } from "../../src/operators/aggregates/distinct-count.ts";
import { count, max, mean, min, sum, variance } from "../../src/operators/aggregates/numeric.ts";
import { first, last, maxBy, minBy } from "../../src/operators/aggregates/pick.ts";
import { median, quantile } from "../../src/operators/aggregates/quantile.ts";
import { topK } from "../../src/operators/aggregates/top-k.ts";
import type { KeyedStream, Stream, WindowedStream, WindowResults } from "../../src/streams/stream.ts";
import { workflow, type Flow } from "../../src/streams/workflow.ts";

/*
 * What these tests assert, they assert to the compiler: closures have no annotations, and `is`
 * takes only `true`. Running them shows that the graphs can be built and that modes are what types say.
 */

interface Observation {
  readonly place: string;
  readonly lane: number;
  readonly vehicleCount: number;
  readonly speed: number | null;
  readonly note?: string;
}

const observations = topic<Observation>("observations");

test("closures infer the value, through every operator without a state", () => {
  build((flow) => {
    const stream = flow.from(observations, { time: (o) => is<Same<typeof o, Observation>, number>(o.lane) });
    is<Same<typeof stream, Stream<Observation>>>();
    const mapped = stream.map((o) => ({ at: o.place, fast: (o.speed ?? 0) > 80 }));
    is<Same<ValueOf<typeof mapped>, { at: string; fast: boolean }>>();
    const filtered = mapped.filter((row) => row.fast);
    is<Same<ValueOf<typeof filtered>, { at: string; fast: boolean }>>();
    const narrowed = stream.filter((o): o is Observation & { readonly speed: number } => o.speed !== null);
    is<Same<ValueOf<typeof narrowed>["speed"], number>>();
    const flat = stream.flatMap((o) => [o.place, o.lane]);
    is<Same<ValueOf<typeof flat>, string | number>>();
    const merged = stream.merge(stream, stream);
    is<Same<ValueOf<typeof merged>, Observation>>();
    const once = stream.distinct((o) => [o.place, o.lane], { within: "1h" });
    is<Same<ValueOf<typeof once>, Observation>>();
    return stream;
  });
});

test("branches have the names that were given, and rest", () => {
  build((flow) => {
    const stream = flow.from(observations);
    const branches = stream.branch({ fast: (o) => (o.speed ?? 0) > 80, slow: (o) => o.speed !== null });
    is<Same<keyof typeof branches, "fast" | "slow" | "rest">>();
    is<Same<ValueOf<typeof branches.fast>, Observation>>();
    assert.deepEqual(Object.keys(branches), ["fast", "slow", "rest"]);
    return stream;
  });
});

test("a key keeps its type: a scalar, a tuple, literals", () => {
  build((flow) => {
    const stream = flow.from(observations);
    is<Same<KeyOf<ReturnType<typeof byPlace>>, string>>();
    is<Same<KeyOf<ReturnType<typeof byLane>>, readonly [string, number]>>();
    is<Same<KeyOf<ReturnType<typeof byKind>>, readonly ["lane", number | null]>>();
    function byPlace() { return stream.keyBy((o) => o.place); }
    function byLane() { return stream.keyBy((o) => [o.place, o.lane]); }
    function byKind() { return stream.keyBy((o) => ["lane", o.speed]); }
    const rows = byLane().window(tumbling("15m")).aggregate({ n: count() });
    is<Same<RowOf<typeof rows>, { readonly window: Window; readonly key: readonly [string, number]; readonly n: number }>>();
    return stream;
  });
});

test("rows of windows without a key have none", () => {
  build((flow) => {
    const stream = flow.from(observations);
    const rows = stream.window(global()).aggregate({ n: count((o) => o.speed) });
    is<Same<RowOf<typeof rows>, { readonly window: Window; readonly n: number }>>();
    return stream;
  });
});

test("every aggregate infers the value and says what it gives", () => {
  build((flow) => {
    const stream = flow.from(observations);
    const rows = stream.keyBy((o) => o.place).window(tumbling("15m")).aggregate({
      n: count(),
      counted: count((o) => o.speed),
      cars: sum((o) => o.vehicleCount),
      mean: mean((o) => o.vehicleCount),
      meanSpeed: mean((o) => o.speed),
      least: min((o) => o.vehicleCount),
      most: max((o) => o.speed),
      spread: variance((o) => o.vehicleCount),
      estimatedSpread: variance((o) => o.vehicleCount, { sample: true }),
      p50: median((o) => o.vehicleCount),
      exact: median((o) => o.vehicleCount, { exact: true }),
      p99: quantile((o) => o.speed, 0.99, { compression: 500 }),
      counts: digest((o) => o.vehicleCount),
      lanes: distinctCount((o) => [o.place, o.lane]),
      notes: distinctCount((o) => o.note, { exact: true }),
      busiest: topK((o) => o, 3, (o) => o.vehicleCount),
      fastest: topK((o) => [o.place, o.speed], 3, (o) => o.speed),
      opened: first((o) => o.place),
      closed: last((o) => o.note),
      slowLane: minBy((o) => o.lane, (o) => o.vehicleCount),
      fastLane: maxBy((o) => o.lane, (o) => o.speed),
      noted: collect((o) => o.note, { limit: 10 }),
      longest: {
        init: () => 0,
        add: (length: number, o) => Math.max(length, o.place.length),
        merge: (a: number, b: number) => Math.max(a, b),
        result: (length: number) => `${length}`,
      },
    });
    interface Expected {
      readonly window: Window;
      readonly key: string;
      readonly n: number;
      readonly counted: number;
      readonly cars: number;
      readonly mean: number;
      readonly meanSpeed: number | undefined;
      readonly least: number;
      readonly most: number | undefined;
      readonly spread: number;
      readonly estimatedSpread: number | undefined;
      readonly p50: number;
      readonly exact: number;
      readonly p99: number | undefined;
      readonly counts: Digest;
      readonly lanes: number;
      readonly notes: number;
      readonly busiest: readonly Observation[];
      readonly fastest: readonly (readonly [string, number | null])[];
      readonly opened: string;
      readonly closed: string | undefined;
      readonly slowLane: number;
      readonly fastLane: number | undefined;
      readonly noted: readonly string[];
      readonly longest: string;
    }
    is<Same<RowOf<typeof rows>, Flat<Expected>>>();
    is<Same<ValueOf<typeof rows.late>, Observation>>();
    const all = rows.perWindow().aggregate({ all: mergeDigests((row) => row.counts), places: count() });
    is<Same<RowOf<typeof all>, { readonly window: Window; readonly all: Digest; readonly places: number }>>();
    const medians = all.map((row) => medianOf(row.all));
    is<Same<ValueOf<typeof medians>, number | undefined>>();
    return stream;
  });
});

test("a ranking adds the rank to the row", () => {
  build((flow) => {
    const stream = flow.from(observations);
    const top = stream
      .keyBy((o) => o.place)
      .window(sliding("1h", "15m"), { lateness: "1m" })
      .aggregate({ cars: sum((o) => o.vehicleCount) })
      .top(10, (row) => row.cars, { per: "window" });
    is<Same<RowOf<typeof top>, { readonly window: Window; readonly key: string; readonly cars: number; readonly rank: number }>>();
    is<Same<ModeOf<typeof top>, "upsert">>();
    return stream;
  });
});

test("lateness and early results make updates, nothing else does", () => {
  const { nodes } = build((flow) => {
    const stream = flow.from(observations);
    const keyed = stream.keyBy((o) => o.place);
    const finals = keyed.window(tumbling("1m")).aggregate({ n: count() }, { id: "finals" });
    const late = keyed.window(tumbling("1m"), { lateness: "1m" }).aggregate({ n: count() }, { id: "late" });
    const early = keyed.window(session("1m"), { early: 500 }).aggregate({ n: count() }, { id: "early" });
    const overAll = stream.window(tumbling("1m"), { early: "5s", lateness: "1m" }).aggregate({ n: count() }, { id: "over-all" });
    is<Same<ModeOf<typeof finals>, "append">>();
    is<Same<ModeOf<typeof late>, "upsert">>();
    is<Same<ModeOf<typeof early>, "upsert">>();
    is<Same<ModeOf<typeof overAll>, "upsert">>();
    const again = late.perWindow().aggregate({ n: sum((row) => row.n) }, { id: "again" });
    is<Same<ModeOf<typeof again>, "upsert">>();
    const kept = late.filter((row) => row.n > 1).map((row) => row.key);
    is<Same<ModeOf<typeof kept>, "upsert">>();
    is<Same<ModeOf<typeof late.late>, "append">>();
    return stream;
  });
  const modes = nodes.filter((node) => node.spec.kind === "window").map((node) => [node.id, node.mode]);
  assert.deepEqual(modes, [["finals", "append"], ["late", "upsert"], ["early", "upsert"], ["over-all", "upsert"], ["again", "upsert"]]);
});

test("a stream of updates is no stream of facts", () => {
  is<Same<Fits<Stream<string, "upsert">, Stream<string>>, false>>();
  is<Same<Fits<Stream<string>, Stream<string, "upsert">>, false>>();
  is<Same<Fits<Stream<"a">, Stream<string>>, true>>();
  is<Same<Fits<Stream<string>, Stream<number>>, false>>();
});

test("a sink takes a stream of its type, and of more", () => {
  const places = topic<{ readonly place: string }>("places");
  const Places = collection<{ readonly place: string }>("Places", { key: (row) => row.place });
  is<Same<typeof places, Topic<{ readonly place: string }>>>();
  build((flow) => {
    const stream = flow.from(observations);
    stream.to(places);
    stream.to(Places, { id: "table" });
    return stream;
  });
});

test("an aggregate over other values does not fit", () => {
  const ofNames = { longest: median((row: { readonly name: string }) => row.name.length) };
  is<Same<Fits<typeof ofNames, AggregateShape<{ readonly name: string; readonly age: number }>>, true>>();
  is<Same<Fits<typeof ofNames, AggregateShape<Observation>>, false>>();
  const ofNumbers = { mean: mean((n: number) => n) };
  is<Same<Fits<typeof ofNumbers, AggregateShape<string>>, false>>();
  const plain = { plain: { init: () => 0, add: (a: number, n: number) => a + n, merge: (a: number, b: number) => a + b, result: (a: number) => a } };
  is<Same<Fits<typeof plain, AggregateShape<number>>, true>>();
  is<Same<Fits<typeof plain, AggregateShape<string>>, false>>();
});

/** Builds a workflow that also ends somewhere. */
function build(graph: (flow: Flow) => Stream<Observation>): ReturnType<typeof workflow> {
  return workflow("typed", (flow) => {
    graph(flow).to(topic<Observation>("copies"), { id: "copies" });
  });
}

/** Compiles where `T` is true. */
function is<_T extends true, R = undefined>(value?: R): R {
  return value as R;
}

type Same<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false;
type Fits<A, B> = [A] extends [B] ? true : false;
type Flat<T> = { [Name in keyof T]: T[Name] };
type ValueOf<S> = S extends Stream<infer T, infer _M> ? T : never;
type RowOf<S> = Flat<ValueOf<S>>;
type ModeOf<S> = S extends WindowResults<infer _R, infer _T, infer M> ? M : S extends Stream<infer _V, infer M> ? M : never;
type KeyOf<S> = S extends KeyedStream<infer _T, infer K, infer _M> ? K : S extends WindowedStream<infer _T, infer K extends Key, infer _M> ? K : never;
