import { EventSourceParserStream } from "eventsource-parser/stream";
import { call, Problem } from "./client.ts";

export interface ServerEvent {
  /** By which the server knows what came before. */
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Whether events arrive now, and why not. */
export type Connection = "connecting" | "live" | { readonly lost: string; readonly status: number };

/**
 * Listens to a stream of server-sent events until it is ended by the function that it returns; after a
 * loss it tries again, longer apart each time up to 10 s, and goes on after the last event it saw, or `after`.
 */
export function listen(path: string, onEvent: (event: ServerEvent) => void, onConnection: (connection: Connection) => void, after?: string): () => void {
  const ended = new AbortController();
  let last = after;
  const follow = async (): Promise<void> => {
    const headers = { accept: "text/event-stream", ...(last === undefined ? {} : { "last-event-id": last }) };
    const response = await call(path, { headers, signal: ended.signal });
    if (response.body === null) throw new Problem(response.status, undefined, "the server sent nothing");
    onConnection("live");
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { id, event, data } of events) {
      if (id !== undefined) last = id;
      onEvent({ id, event: event ?? "message", data: JSON.parse(data) as unknown });
    }
  };
  const keep = async (): Promise<void> => {
    let wait = 250;
    while (!ended.signal.aborted) {
      onConnection("connecting");
      const before = performance.now();
      const lost = await follow().catch((error: unknown) => error);
      if (ended.signal.aborted) return;
      if (performance.now() - before > 5_000) wait = 250;
      onConnection({ lost: lost instanceof Error ? lost.message : "the server ended the stream", status: lost instanceof Problem ? lost.status : 0 });
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(10_000, wait * 2);
    }
  };
  void keep();
  return () => ended.abort();
}
