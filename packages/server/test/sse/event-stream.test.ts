import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { EventStream } from "../../src/sse/event-stream.ts";

class FakeResponse extends EventEmitter {
  readonly written: string[] = [];
  room = true;
  destroyed = false;
  writableEnded = false;
  writeHead(): void {}
  flushHeaders(): void {}
  write(text: string): boolean {
    this.written.push(text);
    return this.room;
  }
  end(): void {
    this.writableEnded = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

test("a client that takes nothing for long is dropped, one that does in time is told that there is room", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const response = new FakeResponse();
  const stream = new EventStream(response as unknown as ServerResponse, { heartbeat: 15_000, patience: 30_000 });
  let rooms = 0;
  stream.onRoom(() => rooms++);
  stream.send("changes", "{}", "7");
  assert.deepEqual([response.written.at(-1), stream.writable], ["id: 7\nevent: changes\ndata: {}\n\n", true]);
  t.mock.timers.tick(15_000);
  assert.equal(response.written.at(-1), ": \n\n");

  response.room = false;
  stream.send("changes", "{}");
  assert.equal(stream.writable, false);
  t.mock.timers.tick(29_999);
  response.room = true;
  response.emit("drain");
  assert.deepEqual([stream.writable, rooms, response.destroyed], [true, 1, false]);

  response.room = false;
  stream.send("changes", "{}");
  t.mock.timers.tick(30_000);
  assert.deepEqual([response.destroyed, stream.writable], [true, false]);
  const { length } = response.written;
  stream.send("changes", "{}");
  t.mock.timers.tick(100_000);
  assert.equal(response.written.length, length);
});
