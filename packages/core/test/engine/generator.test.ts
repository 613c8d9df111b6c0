import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chunk, NoChunk, SplitReader } from "../../src/contracts/source.ts";
import { generator, generatorSource } from "../../src/engine/generator.ts";
import { virtualClock, type VirtualClock } from "../../src/memory/clock.ts";

const tens = generator({ chunk: (index) => (index < 1000 ? Array.from({ length: 10 }, (_, i) => index * 10 + i) : undefined), rate: 100 });

async function open(clock: VirtualClock, position = 0): Promise<SplitReader> {
  return generatorSource("tens", tens, clock).open({ split: "0", lane: 0, lanes: 1, position });
}

/** Reads what there is now: the indexes of the chunks. */
async function drain(reader: SplitReader): Promise<number[]> {
  const indexes: number[] = [];
  for (let chunk: Chunk | NoChunk = await reader.next(); typeof chunk === "object"; chunk = await reader.next()) indexes.push(chunk.index);
  return indexes;
}

test("chunks come at the rate, and an idle reader says when the next is due", async () => {
  const clock = virtualClock(5000);
  const reader = await open(clock);
  let woken = 0;
  reader.onReady?.(() => woken++);
  assert.deepEqual(await drain(reader), [0]);
  clock.advance(99);
  assert.deepEqual([woken, await drain(reader)], [0, []]);
  clock.advance(1);
  assert.deepEqual([woken, await drain(reader)], [1, [1]]);
  clock.advance(250);
  assert.deepEqual(await drain(reader), [2, 3], "what came a little late is made up for");
});

test("after a pause it goes on at its rate, without making up for the pause", async () => {
  const clock = virtualClock();
  const reader = await open(clock);
  await drain(reader);
  clock.advance(3_600_000);
  const burst = await drain(reader);
  assert.ok(burst.length <= 11, `${burst.length} chunks at once`);
  clock.advance(1000);
  assert.equal((await drain(reader)).length, 10);
});

test("opened again it goes on from its position at once", async () => {
  const clock = virtualClock();
  const reader = await open(clock);
  await drain(reader);
  clock.advance(100);
  await drain(reader);
  await reader.close();
  clock.advance(3_600_000);
  assert.deepEqual(await drain(await open(clock, 2)), [2]);
});

test("a reader that is closed leaves no timer behind, and an idle one has one", async () => {
  const clock = virtualClock();
  const reader = await open(clock);
  await drain(reader);
  for (let i = 0; i < 5; i++) await reader.next();
  assert.equal(clock.next(), 100);
  await reader.close();
  assert.equal(clock.next(), Infinity);
});
