import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "../../src/errors.ts";
import type { Aggregate } from "../../src/graph/aggregate.ts";
import type { Workflow } from "../../src/graph/graph.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { list, map, output, value, type KeptOptions } from "../../src/graph/state.ts";
import { session, tumbling } from "../../src/graph/window.ts";
import { virtualClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { harness } from "../../src/testing/index.ts";

interface Reading {
  readonly room: string;
  readonly n: number;
  readonly at: number;
}

const readings = topic<Reading>("readings");
const out = topic<unknown>("out");
const at = (n: number, time: number, room = "a"): Reading => ({ room, n, at: time });

/** A workflow of one name and one operator id, whose state is kept as a number by version 1 and as a text after "n" from version 2 on. */
type Build = (version: 1 | 2, migrate?: boolean) => Workflow;

const asText = (old: unknown, from: number): string => {
  assert.equal(from, 1);
  return `n${String(old)}`;
};

function kept(version: 1 | 2, migrate: boolean): KeptOptions<string> {
  return version === 1 ? {} : { version, ...(migrate ? { migrate: asText } : {}) };
}

const shown = (version: 1 | 2, n: number): string => (version === 1 ? (n as unknown as string) : `n${n}`);
const plain = (text: unknown): number => Number(String(text).replace("n", ""));

const processing: Build = (version, migrate = true) =>
  workflow("versions", (flow) =>
    flow
      .from(readings, { time: (r) => r.at })
      .keyBy((r) => r.room)
      .process(
        {
          state: { sum: value<string>(kept(version, migrate)), all: list<string>(kept(version, migrate)), byTime: map<number, string>(kept(version, migrate)) },
          out: output<unknown>(),
          onElement(r, { state, emit, key }) {
            const sum = plain(state.sum.get() ?? "n0") + r.n;
            state.sum.set(shown(version, sum));
            state.all.add(shown(version, r.n));
            state.byTime.set(r.at, shown(version, r.n));
            emit([key, state.sum.get(), state.all.get(), [...state.byTime.entries()]]);
          },
        },
        { id: "kept" },
      )
      .to(out),
  );

const summing = (version: 1 | 2, migrate: boolean): Aggregate<Reading, string, number> => ({
  init: () => shown(version, 0),
  add: (accumulator, r) => shown(version, plain(accumulator) + r.n),
  merge(a, b) {
    for (const one of [a, b]) assert.equal(typeof one, version === 1 ? "number" : "string");
    return shown(version, plain(a) + plain(b));
  },
  result: plain,
  ...kept(version, migrate),
});

const windowing: Build = (version, migrate = true) =>
  workflow("versions", (flow) =>
    flow.from(readings, { time: (r) => r.at }).keyBy((r) => r.room).window(tumbling("1m")).aggregate({ sum: summing(version, migrate) }, { id: "kept" }).to(out),
  );

const sessions: Build = (version, migrate = true) =>
  workflow("versions", (flow) =>
    flow.from(readings, { time: (r) => r.at }).keyBy((r) => r.room).window(session("1m")).aggregate({ sum: summing(version, migrate) }, { id: "kept" }).to(out),
  );

const mismatch = (text: string) => (error: unknown) => error instanceof MillraceError && error.code === "MILLRACE_STATE_MISMATCH" && error.message.includes(text);

for (const [name, build] of [["process", processing], ["windows", windowing], ["sessions", sessions]] as const) {
  for (const plan of [{ cut: "none", partitions: 1 }, { cut: "shuffle", partitions: 2 }] as const) {
    const pushed = Array.from({ length: 40 }, (_, i) => at(i, i * 1000, `room ${i % 7}`));
    const more = pushed.map((r) => ({ ...r, at: r.at + 15_000 }));

    test(`${name}: state of version 1 is migrated, and goes on as if it had been version 2 (${plan.cut})`, async () => {
      const h = await harness(build(1), plan);
      await h.push(readings, ...pushed);
      const before = (await h.values(out)).length;
      await h.restart(build(2));
      await h.push(readings, ...more);
      await h.restart(build(2, false));
      await h.end();
      const found = (await h.values(out)).slice(before);
      await h.stop();
      const expected = await harness(build(2), plan);
      await expected.push(readings, ...pushed);
      const skipped = (await expected.values(out)).length;
      await expected.push(readings, ...more);
      await expected.end();
      assert.deepEqual(found, (await expected.values(out)).slice(skipped));
      await expected.stop();
    });

    test(`${name}: without a way, or of a newer version, state is refused and kept (${plan.cut})`, async () => {
      const h = await harness(build(1), plan);
      await h.push(readings, ...pushed);
      await assert.rejects(h.restart(build(2, false)), mismatch("migrate(old, from)"));
      await h.restart(build(2));
      await assert.rejects(h.restart(build(1)), mismatch("run the newer code"));
      await h.restart(build(2));
      await h.end();
      assert.ok((await h.values(out)).length > 0);
      await h.stop();
    });
  }
}

test("what a reduce keeps is migrated too, and rooms that say nothing more are among the last words", async () => {
  const totals = collection<{ readonly room: string; readonly n: number; readonly unit?: string }>("totals", { key: (row) => row.room });
  const build = (version: 1 | 2): Workflow =>
    workflow("versions", (flow) =>
      flow
        .from(readings, { time: (r) => r.at })
        .map((r): { room: string; n: number; unit?: string } => (version === 1 ? { room: r.room, n: r.n } : { room: r.room, n: r.n * 1000, unit: "g" }))
        .keyBy((r) => r.room)
        .reduce((a, b) => ({ ...a, n: a.n + b.n }), {
          id: "total",
          version,
          migrate: (old) => ({ ...(old as { room: string; n: number }), n: (old as { n: number }).n * 1000, unit: "g" }),
        })
        .to(totals),
    );
  const h = await harness(build(1), { cut: "shuffle", partitions: 2 });
  await h.push(readings, at(1, 0, "a"), at(2, 0, "b"));
  await h.restart(build(2));
  await h.push(readings, at(3, 1, "a"));
  assert.deepEqual(h.get(totals, "a"), { room: "a", n: 4000, unit: "g" });
  await h.end();
  assert.deepEqual(h.get(totals, "b"), { room: "b", n: 2000, unit: "g" });
  await h.stop();
});

test("a migrate that throws stops the start with its reason, and the state stays as it was", async () => {
  const failing = workflow("versions", (flow) => {
    const migrate = (): string => {
      throw new Error("no idea");
    };
    flow
      .from(readings, { time: (r) => r.at })
      .keyBy((r) => r.room)
      .window(tumbling("1m"))
      .aggregate({ sum: { ...summing(2, false), migrate } }, { id: "kept" })
      .to(out);
  });
  const h = await harness(windowing(1));
  await h.push(readings, at(1, 0), at(2, 1));
  await assert.rejects(h.restart(failing), mismatch("no idea"));
  await h.restart(windowing(2));
  await h.end();
  assert.deepEqual(((await h.values(out)) as { sum: number }[]).map(({ sum }) => sum), [3]);
  await h.stop();
});

test("partial accumulators that are on their way while the code is replaced are migrated where they arrive", async () => {
  const clock = virtualClock();
  let ledger = createMemoryLedger({ clock });
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) await clock.turn();
  };
  // Of version 1 only the partition that reads commits: what it sends stays on its way.
  const current = ledger;
  const deaf: typeof ledger = { ...current, commit: (commit) => (commit.applied.some(({ sequence }) => sequence > 0) ? new Promise(() => undefined) : current.commit(commit)) };
  await Runtime.start({ workflows: [windowing(1)], ledger: deaf, clock, cut: "shuffle" }).then(async (runtime) => {
    await runtime.append(readings, [at(3, 0), at(4, 1)]);
    await turns();
  });
  ledger = ledger.reopen();
  const runtime = await Runtime.start({ workflows: [windowing(2)], ledger, clock, cut: "shuffle" });
  await runtime.append(readings, [at(5, 2), at(0, 60_000), at(0, 60_001)]);
  await turns();
  const found: unknown[] = [];
  for await (const { value: row } of runtime.read("out")) found.push((row as { sum: number }).sum);
  assert.deepEqual(found, [12]);
  await runtime.stop();
});

test("versions are counted in whole numbers from 1 on", () => {
  assert.throws(() => value({ version: 0 }), { code: "MILLRACE_USAGE" });
  assert.throws(() => list({ version: 1.5 }), { code: "MILLRACE_USAGE" });
  assert.throws(() => workflow("w", (flow) => flow.from(readings).window(tumbling("1m")).aggregate({ a: { ...summing(1, false), version: -1 } }).to(out)), { code: "MILLRACE_USAGE" });
});

test("a crash while groups are written anew leaves each readable at one version", async () => {
  const clock = virtualClock();
  let ledger = createMemoryLedger({ clock });
  const rooms = Array.from({ length: 60 }, (_, i) => at(i, 0, `room ${i}`));
  let runtime = await Runtime.start({ workflows: [processing(1)], ledger, clock });
  await runtime.append(readings, rooms);
  for (let i = 0; i < 30; i++) await clock.turn();
  await runtime.stop();
  const groupsAt = async (table: string): Promise<number> => {
    let full = 0;
    for (const group of await ledger.groups(table)) {
      if ((await ledger.state({ table, group })).some((block) => block.length > 0)) full++;
    }
    return full;
  };
  const all = await groupsAt("versions/kept/state.sum");
  assert.ok(all > 20);
  // The new version commits some groups at a time, and is killed after its first commit.
  for (let left = 3; left > 0; left--) {
    ledger = ledger.reopen();
    let commits = 0;
    const current = ledger;
    const halting: typeof ledger = {
      ...current,
      commit: (commit) => {
        if (++commits > 1) return new Promise(() => undefined);
        const some = new Set(commit.state.filter(({ table }) => table.includes("@")).map(({ group }) => group).slice(0, left * 5));
        return current.commit({ ...commit, state: commit.state.filter(({ group }) => some.has(group)) });
      },
    };
    runtime = await Runtime.start({ workflows: [processing(2)], ledger: halting, clock });
    for (let i = 0; i < 30; i++) await clock.turn();
    const old = await groupsAt("versions/kept/state.sum");
    assert.equal(old + (await groupsAt("versions/kept/state.sum@value=2")), all);
    assert.ok(old > 0);
  }
  ledger = ledger.reopen();
  runtime = await Runtime.start({ workflows: [processing(2)], ledger, clock });
  await runtime.append(readings, rooms);
  for (let i = 0; i < 30; i++) await clock.turn();
  const found = new Map<string, unknown>();
  for await (const { value: row } of runtime.read("out")) found.set((row as [string])[0], (row as unknown[])[1]);
  assert.deepEqual(found, new Map(rooms.map(({ room, n }) => [room, `n${2 * n}`])));
  assert.equal(await groupsAt("versions/kept/state.sum"), 0);
  await runtime.stop();
});
