import {
  collect, collection, count, distinctCount, map, max, mean, median, min, output, session, sliding, sum, topic, topK, tumbling, value, variance, workflow,
  type Workflow,
} from "@millrace/core";
import { randomNumbers } from "./random-numbers.ts";

/** A workflow over two topics, and what is compared of it. */
export interface Scenario {
  readonly workflow: Workflow;
  readonly topics: readonly string[];
  readonly collections: readonly string[];
}

export interface Reading {
  readonly id: number;
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

/** Atoms with times from here on only push the watermarks on; what they give is not compared. */
export const END = 10_000_000;
const LENGTH = 1_500;

export const lefts = topic<Reading>("lefts");
export const rights = topic<Reading>("rights");
const results = topic<unknown>("results");
const late = topic<unknown>("late");
const lateRight = topic<unknown>("lateRight");
const rows = collection<{ readonly window: { readonly start: number }; readonly key: string }>("rows", {
  key: (row) => [row.key, row.window.start],
});
const rooms = collection<Reading>("rooms", { key: (row) => row.room });

const options = { time: (r: Reading) => r.at, outOfOrderness: "5s" } as const;

/** Readings whose times are up to 35 s behind: with a bound of 5 s some are late. The last one closes every window. */
export function readings(seed: number): Reading[] {
  const random = randomNumbers(seed);
  const made = Array.from({ length: LENGTH }, (_, id): Reading => ({
    id,
    room: `room ${Math.floor(random() ** 2 * 25)}`,
    value: Math.floor(random() * 100),
    at: 100_000 + id * 400 - Math.floor(random() ** 4 * 35_000),
  }));
  return [...made, { id: LENGTH, room: "the end", value: 0, at: END }];
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  "stateless operators": one(
    workflow("stateless", (flow) => {
      const { even, big, rest } = flow
        .from(lefts, options)
        .filter((r) => r.value !== 7)
        .flatMap((r) => (r.value % 3 === 0 ? [r, { ...r, id: r.id + 10_000 }] : [r]))
        .branch({ even: (r) => r.value % 2 === 0, big: (r) => r.value > 80 });
      even.map((r) => ({ even: r.id })).merge(big.map((r) => ({ even: -r.id })), flow.from(rights, options).map((r) => ({ even: r.value }))).to(results);
      rest.map((r) => r.id).to(late);
    }),
  ),
  "tumbling windows, every aggregate": one(
    workflow("tumbling", (flow) => {
      const windows = flow.from(lefts, options).keyBy((r) => r.room).window(tumbling("30s"));
      const made = windows.aggregate({
        n: count(),
        total: sum((r) => r.value),
        least: min((r) => r.value),
        most: max((r) => r.value),
        mean: mean((r) => r.value),
        spread: variance((r) => r.value),
        middle: median((r) => r.value),
        values: distinctCount((r) => r.value),
        often: topK((r) => r.id, 3, (r) => r.value),
      });
      made.map((row) => ({ ...row, mean: rounded(row.mean), spread: rounded(row.spread) })).to(results);
      made.late.map((r) => r.id).to(late);
    }),
  ),
  "sliding windows": one(
    workflow("sliding", (flow) => {
      const made = flow.from(lefts, options).keyBy((r) => r.room).window(sliding("20s", "5s")).aggregate({ n: count(), total: sum((r) => r.value) });
      made.to(results);
      made.late.map((r) => r.id).to(late);
    }),
  ),
  sessions: one(
    workflow("sessions", (flow) => {
      const made = flow.from(lefts, options).keyBy((r) => r.room).window(session("4s")).aggregate({ n: count(), total: sum((r) => r.value) });
      made.to(results);
      made.late.map((r) => r.id).to(late);
    }),
  ),
  "windows over all atoms": one(
    workflow("unkeyed", (flow) => {
      const made = flow.from(lefts, options).window(tumbling("30s")).aggregate({ n: count(), ids: collect((r) => r.id) });
      made.map((row) => ({ ...row, ids: [...row.ids].sort((a, b) => a - b) })).to(results);
      made.late.map((r) => r.id).to(late);
    }),
  ),
  "updates of late windows": {
    workflow: workflow("updates", (flow) => {
      const made = flow.from(lefts, options).keyBy((r) => r.room).window(tumbling("30s"), { lateness: "10s" }).aggregate({ n: count(), total: sum((r) => r.value) });
      made.to(rows);
      made.late.map((r) => r.id).to(late);
    }),
    topics: ["late"],
    collections: ["rows"],
  },
  "a ranking per window": one(
    workflow("ranking", (flow) => {
      const made = flow.from(lefts, options).keyBy((r) => r.room).window(tumbling("1m")).aggregate({ total: sum((r) => r.value) });
      made.top(3, (row) => row.total, { per: "window" }).to(results);
      made.perWindow().aggregate({ rooms: count(), most: max((row) => row.total) }).to(late);
    }),
  ),
  "distinct rows, whichever comes first": one(
    workflow("distinct", (flow) => {
      const once = flow.from(lefts, options).flatMap((r) => [r, r]).distinct((r) => r.id);
      once.keyBy((r) => r.room).window(tumbling("30s")).aggregate({ n: count() }).to(results);
      once.distinct((r) => [r.room, r.value], { within: "1h" }).map((r) => [r.room, r.value]).to(late);
    }),
  ),
  "distinct rows, the first of each": one(
    workflow("first", (flow) => {
      const once = flow.from(lefts, options).distinct((r) => [r.room, r.value % 10], { within: "1m" });
      once.to(results);
      once.keyBy((r) => r.room).window(tumbling("10s")).aggregate({ n: count(), ids: sum((r) => r.id) }).to(late);
    }),
  ),
  "keyed state and timers": one(
    workflow("process", (flow) => {
      const totals = flow.from(lefts, options).keyBy((r) => r.room).process({
        state: { totals: map<number, number>(), readings: value({ initial: 0 }) },
        out: output<{ readonly room: string; readonly end: number; readonly total: number }>(),
        sides: { tenth: output<string>() },
        onElement(r, { key, state, timers, side }) {
          const end = Math.floor(r.at / 30_000) * 30_000 + 30_000;
          state.totals.set(end, (state.totals.get(end) ?? 0) + r.value);
          state.readings.set(state.readings.get() + 1);
          if (state.readings.get() % 10 === 0) side("tenth", `${key} ${state.readings.get()}`);
          timers.register(end);
        },
        onTimer(end, { key, state, emit }) {
          emit({ room: key, end, total: state.totals.get(end) ?? -1 });
          state.totals.delete(end);
        },
      });
      totals.to(results);
      totals.side("tenth").to(late);
    }),
  ),
  "keys reduced to one row": {
    workflow: workflow("reduce", (flow) => {
      flow.from(lefts, options).keyBy((r) => r.room).reduce((a, b) => ({ room: a.room, id: Math.max(a.id, b.id), value: a.value + b.value, at: Math.max(a.at, b.at) })).to(rooms);
    }),
    topics: [],
    collections: ["rooms"],
  },
  "a window join": joined(windowJoin("inner")),
  "a full window join": joined(windowJoin("full")),
  "an interval join": joined(intervalJoin("inner")),
  "a full interval join": joined(intervalJoin("full")),
  "a stream with a table, then a call outside": one(
    workflow("enrich", (flow) => {
      const table = flow.table(rights, { ...options, key: (r) => r.room, deleted: (r) => r.value < 10 });
      const made = flow.from(lefts, options).keyBy((r) => r.room).enrich(table, (r, row) => ({ id: r.id, room: r.room, row: row?.id, at: r.at }));
      made
        .mapAsync(async (row) => {
          await Promise.resolve();
          if (row.id % 100 === 3) throw new Error("this one never");
          return { ...row, called: true };
        }, { concurrency: 8, ordered: false, retries: { attempts: 2, backoff: 0 } })
        .to(results);
      made.late.map((r) => r.id).to(late);
    }),
    ["lefts.dead"],
  ),
};

function one(of: Workflow, more: readonly string[] = []): Scenario {
  return { workflow: of, topics: ["results", "late", ...more], collections: [] };
}

function joined(of: Workflow): Scenario {
  return { workflow: of, topics: ["results", "late", "lateRight"], collections: [] };
}

function windowJoin(kind: "inner" | "full"): Workflow {
  return workflow(`window-join-${kind}`, (flow) => {
    const made = flow
      .from(lefts, options)
      .keyBy((r) => r.room)
      .join(flow.from(rights, options).keyBy((r) => r.room), { kind })
      .window(kind === "full" ? sliding("20s", "5s") : tumbling("10s"))
      .by((l, r, window) => ({ left: l?.id, right: r?.id, window }));
    made.to(results);
    made.late.left.map((r) => r.id).to(late);
    made.late.right.map((r) => r.id).to(lateRight);
  });
}

/** The pairs are counted in windows of the right reading's id, so that their stamps matter too. */
function intervalJoin(kind: "inner" | "full"): Workflow {
  return workflow(`interval-join-${kind}`, (flow) => {
    const made = flow
      .from(lefts, options)
      .keyBy((r) => r.room)
      .join(flow.from(rights, options).keyBy((r) => r.room), { kind })
      .within({ before: "5s", after: "2s" }, (l, r) => ({ left: l?.id, right: r?.id }));
    const windows = made.keyBy((pair) => pair.right ?? -1).window(tumbling("10s")).aggregate({ n: count(), lefts: sum((pair) => pair.left) });
    windows.to(results);
    windows.late.to(late);
    made.late.left.map((r) => r.id).to(late);
    made.late.right.map((r) => r.id).to(lateRight);
  });
}

function rounded(x: number | undefined): number {
  return Math.round((x ?? 0) * 1e6) / 1e6;
}
