import { fileURLToPath } from "node:url";
import { MillraceError, type Workflow } from "@millrace/core";
import { checkOptions } from "@millrace/core/internal";
import type { App } from "./app/app.ts";
import { isFileUrl, type FileUrl } from "./app/file-url.ts";
import { isWorkflow, loadWorkflows, type LoadedWorkflows } from "./modules.ts";
import { startLoaded } from "./start-loaded.ts";
import { START_OPTIONS, type StartOptions } from "./start-options.ts";

/** Workflows themselves, or a module that exports them: a URL, or `FILE` or `FILE#EXPORT`. */
export type WorkflowsOrModule = Workflow | readonly Workflow[] | FileUrl | string;

/**
 * Starts workflows inside this program: `const app = await start([ranking], { data: "./data" })`.
 * Throws MILLRACE_STORE_LOCKED where another process has the folder open, and MILLRACE_STATE_MISMATCH
 * where the folder was filled from other inputs or by another graph. A folder in which `run` came to
 * the end of its input is gone on with; where that end has closed windows, joins or timers for good it
 * throws MILLRACE_INPUT_ENDED.
 */
export async function start(given: WorkflowsOrModule, options: StartOptions = {}): Promise<App> {
  checkOptions(options, START_OPTIONS, "start");
  return (await startLoaded(await load(given), options)).app;
}

async function load(given: WorkflowsOrModule): Promise<LoadedWorkflows> {
  if (typeof given === "string") return loadWorkflows([given]);
  if (typeof given === "object" && given !== null && isFileUrl(given)) return loadWorkflows([fileURLToPath(given.href) + given.hash]);
  const workflows = isWorkflow(given) ? [given] : given;
  if (workflows.length === 0 || !workflows.every(isWorkflow)) {
    throw new MillraceError("MILLRACE_USAGE", "start", "give it a workflow, an array of workflows, or the URL of a module that exports some");
  }
  return { workflows, sources: new Map(), modules: [], dashboards: [], collections: [] };
}
