import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CollectionsPort, RowChange } from "../../src/port.ts";
import { RowFeed } from "../../src/sse/row-feed.ts";

/** A collection in memory with its whole change log. */
class FakeCollection {
  readonly log: RowChange[] = [];
  readonly rows = new Map<string, unknown>();
  readonly #subscribers = new Set<Parameters<CollectionsPort["subscribe"]>[1]>();
  subscriptions = 0;

  commit(changes: readonly RowChange[]): void {
    for (const { key, row } of changes) {
      if (row === undefined) this.rows.delete(String(key));
      else this.rows.set(String(key), row);
    }
    this.log.push(...changes);
    for (const subscriber of [...this.#subscribers]) subscriber(changes, { version: this.log.length, snapshot: false });
  }

  port(): CollectionsPort {
    return {
      rows: () => [...this.rows].map(([key, row]) => ({ key, row })),
      version: () => this.log.length,
      subscribe: (_name: string, subscriber: Parameters<CollectionsPort["subscribe"]>[1], after?: number) => {
        this.subscriptions++;
        const now = this.log.length;
        if (after === undefined || after >= now) {
          this.#subscribers.add(subscriber);
          return () => void this.#subscribers.delete(subscriber);
        }
        // As of the engine: what was missed is told first, then what came meanwhile, each in its order.
        let ended = false;
        queueMicrotask(() => {
          if (ended) return;
          const version = this.log.length;
          this.#subscribers.add(subscriber);
          subscriber(this.log.slice(after, version), { version, snapshot: false });
        });
        return () => {
          ended = true;
          this.#subscribers.delete(subscriber);
        };
      },
    } as unknown as CollectionsPort;
  }
}

/** A client whose room is given by hand. */
class FakeClient {
  readonly held = new Map<string, unknown>();
  events = 0;
  writable = true;
  ended = false;
  last: number | undefined;
  #onRoom: (() => void) | undefined;
  readonly onRoom = (callback: () => void): void => {
    this.#onRoom = callback;
  };
  readonly send = (event: string, data: string, id?: string): void => {
    this.events++;
    if (event === "snapshot") this.held.clear();
    for (const { key, row } of (JSON.parse(data) as { changes: { key: string; row: unknown }[] }).changes) {
      if (row === null) this.held.delete(key);
      else this.held.set(key, row);
    }
    if (id !== undefined) this.last = Number(id);
  };
  readonly end = (): void => {
    this.ended = true;
  };
  setRoom(room: boolean): void {
    this.writable = room;
    if (room) this.#onRoom?.();
  }
}

test("clients that are slow, leave and come back hold in the end what the collection holds", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("commit" as const), key: fc.nat(5), row: fc.option(fc.nat(100)) }),
    fc.record({ kind: fc.constantFrom("stop" as const, "go" as const, "leave" as const, "join" as const), key: fc.nat(2), row: fc.constant(null) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const collection = new FakeCollection();
      const feed = new RowFeed(collection.port(), "rows");
      const clients = [new FakeClient(), new FakeClient(), new FakeClient()];
      const leaves = new Map<FakeClient, () => void>();
      for (const { kind, key, row } of steps) {
        const client = clients[key % 3];
        if (kind === "commit") collection.commit([{ key: `k${key}`, row: row ?? undefined }]);
        else if (kind === "join" && !leaves.has(client)) leaves.set(client, feed.join(client, client.last));
        else if (kind === "leave") {
          leaves.get(client)?.();
          leaves.delete(client);
        } else if (kind === "stop" || kind === "go") client.setRoom(kind === "go");
        if (key % 2 === 0) await Promise.resolve();
      }
      for (const client of clients) {
        client.setRoom(true);
        if (!leaves.has(client)) leaves.set(client, feed.join(client, client.last));
      }
      await new Promise((resolve) => setImmediate(resolve));
      for (const client of clients) assert.deepEqual(client.held, collection.rows);
      for (const leave of leaves.values()) leave();
    }),
    { numRuns: 300 },
  );
});

test("a client that takes nothing gets the latest row of each key, once, and many share one subscription", () => {
  const collection = new FakeCollection();
  const feed = new RowFeed(collection.port(), "rows");
  const slow = new FakeClient();
  const others = Array.from({ length: 20 }, () => new FakeClient());
  for (const client of [slow, ...others]) feed.join(client, undefined);
  slow.setRoom(false);
  for (let i = 0; i < 1000; i++) collection.commit([{ key: `k${i % 3}`, row: i }]);
  slow.setRoom(true);
  assert.deepEqual(slow.held, new Map([["k0", 999], ["k1", 997], ["k2", 998]]));
  assert.equal(slow.events, 2);
  assert.equal(collection.subscriptions, 1);
});
