import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ProcessNode } from "../../../src/graph/nodes.ts";
import type { ElementContext, SideShape, TimerContext } from "../../../src/graph/process.ts";
import { topic } from "../../../src/graph/refs.ts";
import { workflow } from "../../../src/streams/workflow.ts";
import { harness } from "../../../src/testing/harness.ts";
import { list, map, output, value, type StateShape } from "../../../src/graph/state.ts";
import type { Operator, OperatorContext } from "../../../src/operators/operator.ts";
import { ProcessOperator } from "../../../src/operators/process/process-operator.ts";
import type { KeySpace } from "../../../src/operators/state/key-space.ts";
import type { ScriptRow, ScriptStep } from "../../../src/testing/operator-run.ts";
import { verifyOperator } from "../../../src/testing/verify-operator.ts";
import { scripts, type Atom } from "../scripts.ts";

type Elements<S extends StateShape> = ElementContext<string, S, unknown, SideShape>;
type Firings<S extends StateShape> = TimerContext<string, S, unknown, SideShape>;

interface Procedure<S extends StateShape> {
  readonly state: S;
  readonly sides?: readonly string[];
  onElement(value: Atom, context: Elements<S>): void;
  onTimer?(time: number, context: Firings<S>): void;
}

function made<S extends StateShape>(procedure: Procedure<S>): { make(keys: KeySpace, context: OperatorContext): Operator } {
  const node: ProcessNode = {
    kind: "process",
    state: procedure.state,
    sides: procedure.sides ?? [],
    onElement: (atom: never, context: never) => procedure.onElement(atom, context),
    onTimer: procedure.onTimer === undefined ? undefined : (time, context: never) => procedure.onTimer?.(time, context),
  };
  return { make: (keys, context) => new ProcessOperator(node, keys, context) };
}

function row(key: string, n: number, time: number, stamp = -Infinity): ScriptRow {
  return { value: { key, n, time }, time, stamp, key };
}

function given(subject: ReturnType<typeof made>, script: readonly ScriptStep[]): unknown[] {
  return verifyOperator(subject, script).rows.map(({ value: one }) => one);
}

const everything = {
  last: value<{ readonly n: number }>(),
  total: value({ initial: 0, ttl: 40 }),
  forgetful: value<number>({ ttl: 7 }),
  all: list<number>(),
  recent: list<{ readonly n: number }>({ ttl: 15 }),
  counts: map<number, number>(),
  fresh: map<string, number>({ ttl: 12 }),
};

test("state of every form, timers, failures and side outputs give the same however they are run", () => {
  const subject = made({
    state: everything,
    sides: ["odd"],
    onElement(atom, { state, key, time, timers, emit, side }) {
      const { n } = atom;
      const seen = [state.last.get(), state.total.get(), state.forgetful.get(), state.all.get(), state.recent.get().map((one) => one.n)];
      emit({ key, n, seen, counts: [...state.counts.entries()], fresh: [...state.fresh.entries()] });
      state.last.set(atom);
      state.total.set(state.total.get() + n);
      if (n > 0) state.forgetful.set(n);
      if (n === -3) state.all.clear();
      else state.all.add(n);
      state.recent.add({ n });
      if (n % 4 === 0) state.counts.delete(n + 4);
      state.counts.set(n, (state.counts.get(n) ?? 0) + 1);
      if (n === -2) state.counts.clear();
      state.fresh.set(String(n % 3), time);
      if (n === 7) state.total.delete();
      timers.register(time + n * 3);
      if (n === 5) timers.delete(time + 3);
      if (n % 2 !== 0) side("odd", n);
      if (n === 3) throw new Error("nothing of this counts");
      if (n === 6) state.recent.set([{ n: 0 }, { n: 1 }]);
    },
    onTimer(time, { state, key, timers, emit }) {
      emit({ key, fired: time, last: state.last.get(), forgetful: state.forgetful.get() ?? null, recent: state.recent.get().length });
      state.counts.set(100, time);
      if (time % 5 === 0) timers.register(time + 4);
      if (time % 7 === 0) throw new Error("not today");
      if (time % 6 === 0) state.last.delete();
    },
  });
  fc.assert(fc.property(fc.oneof(scripts({ latest: 30 }), scripts({ latest: 120 })), ({ steps }) => void verifyOperator(subject, steps)), { numRuns: 150 });
});

test("an element that fails leaves no write, no timer and no result behind", () => {
  const subject = made({
    state: { total: value({ initial: 0 }), all: list<number>(), counts: map<string, number>() },
    sides: ["odd"],
    onElement({ n }, { state, timers, emit, side }) {
      state.total.set(state.total.get() + n);
      state.all.add(n);
      state.counts.set(`n${n}`, n);
      timers.register(50 + n);
      side("odd", n);
      emit({ total: state.total.get(), all: state.all.get(), counts: state.counts.size });
      if (n === 2) throw new Error("two");
      if (n === 4) state.all.add((() => undefined) as never);
    },
    onTimer: (time, { emit }) => emit(time),
  });
  const out = verifyOperator(subject, [{ rows: [1, 2, 3, 4].map((n) => row("a", n, n)) }, { watermark: Infinity }]);
  assert.deepEqual(out.failed, [2, 4].map((n) => ({ key: "a", n, time: n })));
  assert.deepEqual(out.rows.filter(({ port }) => port === 0).map(({ value: one }) => one), [{ total: 1, all: [1], counts: 1 }, { total: 4, all: [1, 3], counts: 2 }, 51, 53]);
  assert.deepEqual(out.rows.filter(({ port }) => port === 1).map(({ value: one }) => one), [1, 3]);
});

test("timers fire once a time, in order, before the element whose stamp has reached them", () => {
  const subject = made({
    state: {},
    onElement({ n }, { time, timers, emit }) {
      emit(`element ${time}`);
      if (n === 0) for (const at of [30, 10, 10, 20, 25]) timers.register(at);
      if (n === 0) timers.delete(25);
    },
    onTimer(time, { timers, emit }) {
      emit(`timer ${time}`);
      if (time === 20) timers.register(5);
    },
  });
  const script: ScriptStep[] = [{ rows: [row("a", 0, 1), row("b", 1, 2, 15), row("a", 1, 21, 20)] }, { watermark: 29 }, { rows: [row("a", 0, 31, 30)] }, { watermark: Infinity }];
  assert.deepEqual(given(subject, script), [
    "element 1", "element 2", "timer 10", "timer 20", "timer 5", "element 21",
    "timer 30", "element 31", "timer 10", "timer 20", "timer 5", "timer 30",
  ]);
});

test("what a timer gives carries the timer's time and a stamp that is not below the watermark", () => {
  const subject = made({ state: {}, onElement: (_atom, { timers }) => timers.register(10), onTimer: (time, { emit }) => emit(time) });
  const { rows } = verifyOperator(subject, [{ rows: [row("a", 0, 1)] }, { watermark: 12 }, { rows: [row("a", 0, 2, 15)] }, { watermark: 20 }]);
  assert.deepEqual(rows.map(({ time, stamp }) => [time, stamp]), [[10, 10], [10, 15]]);
});

test("state is gone once a stamp has reached its time, by item and by entry, and a write in time keeps it", () => {
  const subject = made({
    state: { one: value<number>({ ttl: 10 }), many: list<number>({ ttl: 10 }), named: map<string, number>({ ttl: 10 }) },
    onElement({ n }, { state, time, emit }) {
      emit([time, state.one.get() ?? null, state.many.get(), [...state.named.entries()].map(([name]) => name)]);
      if (n === 0) return;
      state.one.set(n);
      state.many.add(n);
      state.named.set(n < 3 ? "early" : "late", n);
    },
  });
  const rows = [row("a", 1, 0, -5), row("a", 2, 5, 0), row("a", 0, 9, 9), row("a", 3, 12, 12), row("a", 0, 15, 14), row("a", 0, 15, 15), row("a", 0, 23, 22)];
  assert.deepEqual(given(subject, [{ rows }]), [
    [0, null, [], []],
    [5, 1, [1], ["early"]],
    [9, 2, [1, 2], ["early"]],
    [12, 2, [2], ["early"]],
    [15, 3, [2, 3], ["early", "late"]],
    [15, 3, [3], ["late"]],
    [23, null, [], []],
  ]);
});

test("processing-time timers fire by the clock and survive a restart", () => {
  const subject = made({
    state: { count: value({ initial: 0 }) },
    onElement({ n }, { state, timers }) {
      state.count.set(state.count.get() + 1);
      timers.registerProcessing(n * 10);
      if (n === 4) timers.deleteProcessing(20);
    },
    onTimer(time, { state, domain, emit }) {
      emit([domain, time, state.count.get()]);
    },
  });
  const script: ScriptStep[] = [{ rows: [row("a", 2, 1), row("a", 4, 3), row("b", 3, 2)] }, { now: 25 }, { now: 35 }, { now: 60 }];
  assert.deepEqual(given(subject, script), [["processing", 30, 1], ["processing", 40, 2]]);
});

test("timers that register timers for ever come to an end after the input, as a dead letter", () => {
  const subject = made({
    state: { fired: value({ initial: 0 }) },
    onElement: (_atom, { timers }) => timers.register(10),
    onTimer(time, { state, timers }) {
      state.fired.set(state.fired.get() + 1);
      timers.register(time + 1);
    },
  });
  const { failed } = verifyOperator(subject, [{ rows: [row("a", 1, 1)] }, { watermark: Infinity }]);
  assert.deepEqual(failed, [{ timer: 10_010, key: "a" }]);
});

for (const cut of ["none", "shuffle"] as const) {
  test(`timers of processing time that are left fire at the end of the input, once (cut ${cut})`, async () => {
    const fired = topic<string>("fired");
    const beat = workflow("beat", (flow) =>
      flow
        .from(topic<{ readonly key: string; readonly at: number }>("beats"), { time: (r) => r.at })
        .keyBy((r) => r.key)
        .process({
          out: output<string>(),
          onElement: (r, { timers }) => timers.registerProcessing(timers.now() + r.at * 1000),
          onTimer(time, { emit, key, domain, timers }) {
            emit(`${key} ${domain} ${time}`);
            timers.registerProcessing(time + 60_000);
            if (domain === "processing") timers.register(time + 5);
          },
        })
        .to(fired),
    );
    const h = await harness(beat, { cut });
    await h.push(topic<{ readonly key: string; readonly at: number }>("beats"), { key: "a", at: 2 }, { key: "b", at: 1 }, { key: "a", at: 3 });
    await h.end();
    assert.deepEqual((await h.values(fired)).sort(), ["a event 2005", "a event 3005", "a processing 2000", "a processing 3000", "b event 1005", "b processing 1000"]);
    await h.stop();
  });
}
