import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../src/codec/bytes.ts";
import { ObjectRows } from "../../src/codec/formats/struct-rows.ts";
import { encodeBatch } from "../../src/engine/batch-codec.ts";
import { topicSource, type TopicPage } from "../../src/engine/topic-source.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";
import type { SplitReader } from "../../src/contracts/source.ts";
import type { TopicChunk } from "../../src/contracts/topics.ts";

/** A topic that counts how often it is read, and grows while it is read where a test says so. */
class CountedTopic {
  readonly chunks: TopicChunk[] = [];
  reads = 0;
  /** Called after what a read gives was looked up, before it is given. */
  meanwhile: () => void = () => undefined;
  #grown: (() => void) | undefined;

  append(value: number): void {
    const writer = new ByteWriter();
    encodeBatch({ count: 1, selection: undefined, rows: new ObjectRows([value]), times: Float64Array.of(value), stamps: Float64Array.of(value), kinds: undefined, keys: undefined }, writer);
    this.chunks.push({ offset: this.chunks.length, count: 1, bytes: writer.take() });
    this.#grown?.();
  }

  open(): Promise<SplitReader> {
    const read = (_topic: string, _partition: number, offset: number): Promise<TopicPage> => {
      this.reads++;
      const page = { range: { start: 0, end: this.chunks.length }, chunks: this.chunks.slice(offset) };
      this.meanwhile();
      return Promise.resolve(page);
    };
    const onGrowth = (_topic: string, callback: () => void): (() => void) => {
      this.#grown = callback;
      return () => undefined;
    };
    return topicSource("t", 1, { read, signal: { onGrowth }, ledger: createMemoryLedger() }).open({ split: "0", lane: 0, lanes: 1, position: 0 });
  }
}

test("a topic that was read to its end is not asked again before it grows", async () => {
  const topic = new CountedTopic();
  topic.append(1);
  const reader = await topic.open();
  reader.onReady?.(() => undefined);
  assert.equal(valuesOf(await reader.next()), "1");
  assert.equal(await reader.next(), "idle");
  assert.equal(await reader.next(), "idle");
  assert.equal(topic.reads, 1);
  topic.append(2);
  topic.append(3);
  assert.deepEqual([valuesOf(await reader.next()), valuesOf(await reader.next()), await reader.next()], ["2", "3", "idle"]);
  assert.equal(topic.reads, 2);
});

test("what is appended while a page is on its way is not missed", async () => {
  const topic = new CountedTopic();
  topic.append(1);
  const reader = await topic.open();
  reader.onReady?.(() => undefined);
  topic.meanwhile = () => {
    topic.meanwhile = () => undefined;
    topic.append(2);
  };
  assert.deepEqual([valuesOf(await reader.next()), valuesOf(await reader.next()), await reader.next()], ["1", "2", "idle"]);
});

test("a reader that nobody told of growth asks each time", async () => {
  const topic = new CountedTopic();
  const reader = await topic.open();
  assert.equal(await reader.next(), "idle");
  topic.append(1);
  assert.equal(valuesOf(await reader.next()), "1");
});

function valuesOf(chunk: Awaited<ReturnType<SplitReader["next"]>>): string {
  return typeof chunk === "string" ? chunk : Array.from({ length: chunk.rows.length }, (_, row) => String(chunk.rows.get(row))).join();
}
