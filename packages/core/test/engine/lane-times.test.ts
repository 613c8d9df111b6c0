import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneInput, STEP_READS, type DoneChunks, type LaneProgress } from "../../src/engine/source-input.ts";
import { PrefixChain } from "../../src/engine/time-chain.ts";
import type { SourceNode } from "../../src/graph/nodes.ts";
import { topic } from "../../src/graph/refs.ts";
import { arraySource, random } from "./support.ts";

const next = random(3);
const times = Array.from({ length: 1000 }, (_, i) => i * 10 - Math.floor(next() * 400));
/** The stamp of each value where one lane reads all of them; chunks have one value. */
const stamps = times.map((_, i) => Math.max(-Infinity, ...times.slice(0, i)));
const node: SourceNode = { kind: "source", topic: topic<unknown>("times"), time: (time: number) => time, outOfOrderness: 0, idleAfter: Infinity, collection: undefined, delay: 0 };

async function laneOf(chain: PrefixChain, progress: LaneProgress): Promise<LaneInput> {
  const reader = await arraySource("times", times, 1).open({ split: "all", lane: progress.lane, lanes: progress.lanes, position: progress.next });
  return new LaneInput(node, reader, chain, progress, { since: 0, idleAfter: Infinity, timing: "atoms" });
}

function begun(lane: number, lanes: number): LaneProgress {
  return { split: "all", lane, lanes, parallel: true, next: 0, maxTime: -Infinity, ended: false, recent: [], done: [], partial: [], readAt: 0 };
}

/** Reads a chunk and checks its stamp; false where another lane had done it. */
async function readOne(lane: LaneInput): Promise<boolean> {
  assert.equal(await lane.load(0, -Infinity), "ready");
  const at = lane.position;
  const { batch } = lane.take(Infinity);
  if (batch === undefined) return false;
  assert.equal(batch.stamps[0], stamps[at.unit], `chunk ${at.unit}`);
  return true;
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} waits for ever`)), 2000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

test("lanes find each other's times again where one had committed all and the other nothing of two steps", async () => {
  const chain = new PrefixChain();
  const [ahead, behind] = [await laneOf(chain, begun(0, 2)), await laneOf(chain, begun(1, 2))];
  await readOne(ahead);
  await readOne(behind);
  const committed = behind.progress;
  // It has read two steps and loaded a chunk more, of which nothing is committed.
  for (let chunk = 0; chunk < 2 * STEP_READS; chunk++) {
    await readOne(ahead);
    await readOne(behind);
  }
  await readOne(ahead);
  await behind.load(0, -Infinity);
  await readOne(ahead);

  const again = new PrefixChain();
  again.restore([ahead.progress, committed]);
  const [one, other] = [await laneOf(again, ahead.progress), await laneOf(again, committed)];
  for (let chunk = 0; chunk < 2 * STEP_READS + 1; chunk++) await inTime(readOne(other), "the lane behind");
  await inTime(Promise.all([readOne(one), readOne(other)]), "a lane");
});

test("lanes of another number that pass over what was done keep its times through restarts", async () => {
  // Two lanes become two others of four that were ahead: chunks 100 to 299 are done but for those of two lanes of four.
  const done: DoneChunks[] = [0, 1].map((lane) => ({ lane, lanes: 4, next: 300 }));
  const recent = Array.from({ length: 201 }, (_, i) => ({ index: 99 + i, max: times[99 + i], before: stamps[99 + i] })).filter(({ index }) => index === 99 || index % 4 < 2);
  let progress: LaneProgress[] = [0, 1].map((lane) => ({ ...begun(lane, 2), next: 100, maxTime: stamps[100], recent, done }));
  for (let restart = 0; restart < 8; restart++) {
    const chain = new PrefixChain();
    chain.restore(progress);
    const lanes = await Promise.all(progress.map((one) => laneOf(chain, one)));
    await inTime(Promise.all(lanes.map(async (lane) => {
      for (let chunk = 0; chunk < 20; chunk++) await readOne(lane);
    })), `a lane after ${restart} restarts`);
    progress = lanes.map((lane) => lane.progress);
  }
  assert.ok(progress.every(({ next: at }) => at > 350));
  assert.ok(progress.every((lane) => lane.recent.length < 100), "what was passed is forgotten");
});
