import type { BodyRoom } from "../http/body.ts";
import type { HttpIngest } from "../ingest/ingest.ts";
import type { ServedApp } from "../port.ts";
import type { EventStreamOptions } from "../sse/event-stream.ts";

/** What routes work with. */
export interface RouteContext {
  readonly app: ServedApp;
  readonly ingest: HttpIngest;
  /** What bodies of requests take in memory. */
  readonly room: BodyRoom;
  readonly events: EventStreamOptions;
}
