import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventSender } from "../../src/sse/event-stream.ts";
import { SharedStream } from "../../src/sse/shared-stream.ts";

class Sent implements EventSender {
  readonly events: { readonly event: string; readonly data: unknown; readonly id: string | undefined }[] = [];
  readonly callbacks: (() => void)[] = [];
  writable = true;

  onRoom(callback: () => void): void {
    this.callbacks.push(callback);
  }

  send(event: string, data: string, id?: string): void {
    this.events.push({ event, data: JSON.parse(data) as unknown, id });
  }

  end(): void {
    this.writable = false;
  }
}

test("events of several collections name theirs, and an id tells how far each of them is known", () => {
  const sent = new Sent();
  const shared = new SharedStream(sent, "");
  const [a, b] = [shared.part("a"), shared.part("b.c")];
  a.send("snapshot", '{"changes":[]}');
  a.send("changes", '{"changes":[1]}', "7");
  b.send("snapshot", '{"changes":[2]}', "3");
  a.send("changes", '{"changes":[3]}', "8");
  assert.deepEqual(sent.events, [
    { event: "snapshot", data: { collection: "a", changes: [] }, id: undefined },
    { event: "changes", data: { collection: "a", changes: [1] }, id: "a=7" },
    { event: "snapshot", data: { collection: "b.c", changes: [2] }, id: "a=7&b.c=3" },
    { event: "changes", data: { collection: "a", changes: [3] }, id: "a=8&b.c=3" },
  ]);
});

test("a client that comes back is known by its id; what is no version is left out", () => {
  const shared = new SharedStream(new Sent(), "a=8&b.c=3&d=-1&e=x");
  assert.deepEqual(["a", "b.c", "d", "e", "f"].map((name) => shared.after(name)), [8, 3, undefined, undefined, undefined]);
});

test("all parts hear of room, and share whether there is any", () => {
  const sent = new Sent();
  const shared = new SharedStream(sent, "");
  const heard: string[] = [];
  const a = shared.part("a");
  a.onRoom(() => heard.push("a"));
  shared.part("b").onRoom(() => heard.push("b"));
  for (const callback of sent.callbacks) callback();
  assert.deepEqual(heard, ["a", "b"]);
  a.end();
  assert.equal(a.writable, false);
});
