import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadMeter } from "../../../src/engine/hosting/load-meter.ts";

const KEEP = 10_000;

interface Looked {
  readonly times?: number;
  readonly instances?: number;
  /** Share of the time for which each was busy. */
  readonly busy: number;
  readonly atoms: number;
  readonly backlog?: number;
}

/** Looks every 200 ms; gives the time after that. */
function look(meter: LoadMeter, from: number, { times = 5, instances = 1, busy, atoms, backlog = 0 }: Looked): number {
  let now = from;
  for (let n = 0; n < times; n++) meter.add({ now: (now += 200), seconds: 0.2, instances, busy: busy * 0.2 * instances, atoms, backlog });
  return now;
}

test("what an instance can do is what it did in the time it was busy", () => {
  const meter = new LoadMeter(KEEP);
  look(meter, 0, { instances: 2, busy: 0.25, atoms: 100 });
  const { rate, capacity } = meter.load(true);
  assert.equal(Math.round(rate), 500);
  assert.equal(Math.round(capacity ?? 0), 1000);
});

test("an instance that leaves much waiting does all it can, although its thread only waits for others", () => {
  const meter = new LoadMeter(KEEP);
  look(meter, 0, { busy: 0.02, atoms: 100, backlog: 5000 });
  assert.equal(Math.round(meter.load(true).capacity ?? 0), 500);
  assert.ok(meter.recently > 5);
});

test("loading state before the first atom says nothing of what can be done", () => {
  const meter = new LoadMeter(KEEP);
  const now = look(meter, 0, { times: 20, busy: 1, atoms: 0, backlog: 100_000 });
  assert.equal(meter.load(true).capacity, undefined);
  assert.equal(meter.recently, 1);
  look(meter, now, { times: 4, busy: 1, atoms: 200, backlog: 100_000 });
  assert.equal(Math.round(meter.load(true).capacity ?? 0), 1000);
});

test("what was needed counts for as long as it is kept, and then falls in steps", () => {
  const meter = new LoadMeter(KEEP);
  let now = look(meter, 0, { instances: 4, busy: 1, atoms: 800 });
  const most = meter.recently;
  assert.ok(most > 4 && most < 6);
  now = look(meter, now, { times: 45, instances: 4, busy: 0.25, atoms: 200 });
  assert.equal(meter.recently, most);
  look(meter, now, { times: 10, instances: 4, busy: 0.25, atoms: 200 });
  assert.ok(meter.recently < 2);
});

test("after a rest nothing is needed, but what an instance can do is known, so that a backlog is met at once", () => {
  const meter = new LoadMeter(KEEP);
  const now = look(meter, 0, { busy: 1, atoms: 200 });
  meter.rest();
  assert.equal(meter.recently, 0);
  look(meter, now + 60_000, { times: 1, busy: 0, atoms: 0, backlog: 10_000 });
  assert.ok(meter.recently > 5);
});
