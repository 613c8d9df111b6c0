import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startServer } from "@millrace/server";
import { DEFAULT_DATA, type LogLevel } from "../commands/options.ts";
import { loadWorkflows } from "../modules.ts";
import { startLoaded } from "../start-loaded.ts";
import type { StartOptions } from "../start-options.ts";
import { jsonLog } from "../telemetry/log.ts";
import { requestTracer, traceSteps } from "../telemetry/traces.ts";
import { version } from "../version.ts";
import { servedApp } from "./served-app.ts";

export interface DevRequest {
  readonly files: readonly string[];
  readonly data: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly names: readonly string[];
  readonly token: string | undefined;
  readonly log: LogLevel;
  readonly start: Pick<StartOptions, "instances" | "partitions" | "stateMemory">;
}

export interface DevRunning {
  readonly url: string;
  /** The data folder, as a person would write it. */
  readonly data: string;
  readonly workflows: readonly string[];
  /** Rejects when a workflow cannot go on; never resolves. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Runs workflows with their API until it is stopped. */
export async function dev(request: DevRequest): Promise<DevRunning> {
  const { files, host, port, names, token } = request;
  const loaded = await loadWorkflows(files);
  const data = resolve(request.data ?? DEFAULT_DATA);
  const started = await startLoaded(loaded, { ...request.start, data, collections: loaded.collections }, traceSteps);
  try {
    const server = await startServer(servedApp(started, loaded.dashboards), {
      host,
      port,
      names,
      ...(token === undefined ? {} : { token }),
      page: dirname(fileURLToPath(import.meta.resolve("@millrace/console/index.html"))),
      log: jsonLog(request.log),
      tracer: requestTracer(),
      version: version(),
    });
    return {
      url: server.url,
      data: relative(process.cwd(), data) || ".",
      workflows: loaded.workflows.map(({ name }) => name),
      // Bounded input that has come to its end is no reason to stop serving.
      failed: started.app.finished.then(() => new Promise<never>(() => undefined)),
      stop: async () => {
        await server.close();
        await started.app.stop();
      },
    };
  } catch (error) {
    await started.app.stop();
    throw error;
  }
}
