export { startServer } from "./server.ts";
export type { RunningServer, ServerOptions } from "./server.ts";
export type { BodyLimits } from "./http/body.ts";
export type { EventStreamOptions } from "./sse/event-stream.ts";
export { isLoopback } from "./http/guard.ts";
export type { CollectionsPort, DeadLettersPort, KeyedRow, MeasuredApp, RowChange, ServedApp, TopicsPort, WorkflowsPort } from "./port.ts";
export type { Log, LogFields, Span, Tracer } from "./telemetry.ts";
