import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { test } from "node:test";
import type { EventOptions } from "./fixture.ts";
import { runHere, runInWorkers } from "./support.ts";

const OPTIONS: EventOptions = { chunks: 4, rows: 50, troubled: [77], trouble: "throw" };

interface FromWorker {
  readonly method?: string;
  readonly params?: { readonly hitBreakpoints?: readonly string[]; readonly callFrames?: readonly { readonly functionName: string; readonly location: { readonly lineNumber: number } }[] };
}

test("a breakpoint in a workflow's file stops the worker at that line", { timeout: 30_000 }, async (t) => {
  const source = readFileSync(new URL("./fixture.ts", import.meta.url), "utf8").split("\n");
  const line = source.findIndex((text) => text.includes("is not to be had"));
  const stops: { line: number; name: string }[] = [];
  const session = new Session();
  session.connect();
  t.after(() => session.disconnect());
  let id = 0;
  const send = (sessionId: string, method: string, params: object = {}): void => {
    session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify({ id: id++, method, params }) });
  };
  session.on("NodeWorker.attachedToWorker", ({ params: { sessionId } }) => {
    send(sessionId, "Debugger.enable");
    send(sessionId, "Debugger.setBreakpointByUrl", { urlRegex: ".*workers/fixture\\.ts", lineNumber: line });
    send(sessionId, "Runtime.runIfWaitingForDebugger");
  });
  session.on("NodeWorker.receivedMessageFromWorker", ({ params: { sessionId, message } }) => {
    const { method, params } = JSON.parse(message) as FromWorker;
    if (method !== "Debugger.paused") return;
    const frame = params?.callFrames?.[0];
    // A thread that waits for its debugger stops once before its first line.
    if (frame !== undefined && (params?.hitBreakpoints?.length ?? 0) > 0) stops.push({ line: frame.location.lineNumber, name: frame.functionName });
    send(sessionId, "Debugger.resume");
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: true });
  const { rows } = await runInWorkers(OPTIONS);
  assert.deepEqual(stops, [{ line, name: "maybeTrouble" }]);
  assert.deepEqual(rows, (await runHere(OPTIONS)).rows);
});
