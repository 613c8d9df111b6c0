export { workerHost } from "./worker-host.ts";
export type { WorkerHostOptions, WorkflowModule } from "./worker-host.ts";
export { openSourceModule } from "./load.ts";
export type { SourceModule } from "./messages.ts";
export { quietWarnings } from "./warnings.ts";
