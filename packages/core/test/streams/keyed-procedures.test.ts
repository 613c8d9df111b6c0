import assert from "node:assert/strict";
import { test } from "node:test";
import type { Source } from "../../src/contracts/source.ts";
import type { Cut } from "../../src/engine/plan.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { count, output, session, sum, topic, value, workflow } from "../../src/index.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import { arraySource, random, sorted, valuesOf } from "../engine/support.ts";

interface Reading {
  readonly device: string;
  readonly degrees: number;
  readonly at: number;
}

interface Change {
  readonly device: string;
  readonly by: number;
  readonly at: number;
}

const readings = topic<Reading>("readings");
const changes = topic<Change>("changes");
const silent = topic<string>("silent");
const visits = topic<{ readonly key: string; readonly start: number; readonly end: number; readonly n: number; readonly total: number }>("visits");
const best = topic<Reading>("best");
const spans = topic<{ readonly device: string; readonly start: number; readonly warmest: number }>("spans");

const procedures = workflow("procedures", (flow) => {
  const byDevice = flow.from(readings, { time: (reading) => reading.at, outOfOrderness: 50 }).keyBy((reading) => reading.device);
  const jumps = byDevice.process({
    state: { last: value<number>(), deadline: value<number>() },
    out: output<Change>(),
    sides: { silent: output<string>() },
    onElement({ device, degrees, at }, { state, timers, emit }) {
      const last = state.last.get();
      if (last !== undefined && Math.abs(degrees - last) > 5) emit({ device, by: degrees - last, at });
      state.last.set(degrees);
      const before = state.deadline.get();
      if (before !== undefined) timers.delete(before);
      state.deadline.set(Math.max(at, before ?? 0) + 400);
      timers.register(Math.max(at, before ?? 0) + 400);
    },
    onTimer(time, { key, state, side }) {
      state.deadline.delete();
      side("silent", `${key} at ${time}`);
    },
  });
  jumps.to(changes);
  jumps.side("silent").to(silent);
  const sessions = byDevice.window(session(200)).aggregate({ n: count(), total: sum((reading) => reading.degrees) });
  sessions.map(({ key, window, n, total }) => ({ key, start: window.start, end: window.end, n, total })).to(visits);
  byDevice.reduce((a, b) => (a.degrees > b.degrees || (a.degrees === b.degrees && a.at <= b.at) ? a : b)).to(best);
  byDevice
    .window(session(200), { lateness: 100 })
    .reduce((a, b) => (a.degrees >= b.degrees ? a : b))
    .map(({ key, window, value: warmest }) => ({ device: key, start: window.start, warmest: warmest.degrees }))
    .to(spans);
});

const next = random(11);
const input: readonly Reading[] = Array.from({ length: 3000 }, (_, i) => ({
  device: `d${Math.floor(next() * 40)}`,
  degrees: Math.floor(next() * 30),
  at: i * 4 + Math.floor(next() * 120) - (next() < 0.02 ? 300 : 0),
}));

/** One lane, so that each device's readings keep their order. */
function inOrder(): Source {
  return { ...arraySource("readings", input, 97), splits: () => Promise.resolve([{ id: "all", parallel: false }]) };
}

test("process, sessions and reduce give the same under every cut and number of partitions", async () => {
  const answers: Record<string, string[]>[] = [];
  for (const [cut, instances] of [["none", 1], ["shuffle", 1], ["shuffle", 4], ["every", 2]] as const satisfies readonly (readonly [Cut, number])[]) {
    const runtime = await Runtime.start({ workflows: [procedures], clock: systemClock(), ledger: createMemoryLedger(), sources: { readings: inOrder() }, cut, instances });
    await runtime.finished;
    const answer: Record<string, string[]> = {};
    for (const { name } of [changes, silent, visits, best, spans]) answer[name] = sorted(await valuesOf(runtime, name));
    await runtime.stop();
    answers.push(answer);
  }
  const [first, ...others] = answers;
  assert.equal(first["best"].length, 40);
  assert.ok(first["changes"].length > 500 && first["silent"].length > 40 && first["visits"].length > 100 && first["spans"].length > 100);
  for (const other of others) assert.deepEqual(other, first);
});
